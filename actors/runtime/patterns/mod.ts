/**
 * Patterns that are built on actors and that no part of the runtime needs: topics, the receptionist and
 * state machines. Each uses only the public interface of actors and the observable end of references.
 * The product uses topics; the receptionist and state machines are for the library's users.
 *
 * @module
 */

export { type Listing, Receptionist, type ServiceKey, serviceKey } from "./receptionist.ts";
export {
  type MachineDefinition,
  type MachineMessage,
  type MachineSpec,
  type MachineState,
  type MachineStates,
  type MachineStep,
  type machineStepBrand,
  type MachineTools,
  type StateHandler,
  stateMachine,
  type StateSpec,
} from "./state_machine.ts";
export {
  type Published,
  type Publisher,
  type Subscribable,
  Topic,
  type TopicOptions,
} from "./topic.ts";
