/**
 * Work on many files, of which the small ones are done together: what a disk is asked for at once comes sooner than one after
 * the other, and the way to another thread costs more than what is done there for one of them.
 *
 * @module
 */

/** A larger file is a batch of its own: reading it takes longer than asking for it. */
const SMALL_BYTES = 256 * 1024;

/** Most files of a batch, some 10 to 20 ms of work if their pages are in memory; a signal is noticed between two. */
const BATCH_FILES = 256;

/** Most bytes of a batch: a fraction of what is locked between two looks at the memory that is left. */
const BATCH_BYTES = 4 * 1024 * 1024;

/** Whether a file is read and locked together with others. */
export function isSmall({ sizeBytes }: { readonly sizeBytes: number }): boolean {
  return sizeBytes <= SMALL_BYTES;
}

/** The files in batches, in their order; each is small files together, or one that is not small. */
export function* inBatches<File extends { readonly sizeBytes: number }>(
  files: Iterable<File>,
): Generator<readonly File[]> {
  let batch: File[] = [];
  let batchBytes = 0;
  for (const file of files) {
    const isFull = batch.length >= BATCH_FILES || batchBytes + file.sizeBytes > BATCH_BYTES;
    if (batch.length > 0 && (isFull || !isSmall(file))) {
      yield batch;
      [batch, batchBytes] = [[], 0];
    }
    if (!isSmall(file)) {
      yield [file];
      continue;
    }
    batch.push(file);
    batchBytes += file.sizeBytes;
  }
  if (batch.length > 0) yield batch;
}
