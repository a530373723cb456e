%% The cases in Erlang/OTP: processes with plain messages, and gen_server:call's protocol (a monitor
%% and a deadline) for the ask. Prints one line per case: name, a tab, the value.
-module(bench).
-export([main/1]).

main([Argument]) ->
    DurationMs = list_to_integer(Argument),
    Counter = spawn(fun() -> count(0) end),
    Answerer = spawn(fun answer/0),
    Ping = spawn(fun play/0),
    Pong = spawn(fun play/0),
    rate("tell", DurationMs, 10000, fun(Count) -> tell(Counter, Count) end),
    rate("ask", DurationMs, 1000, fun(Count) -> ask(Answerer, Count) end),
    rate("ping-pong", DurationMs, 10000, fun(Count) -> ping_pong(Ping, Pong, Count) end),
    rate("spawn and stop", DurationMs, 1000, fun spawn_and_stop/1),
    idle(100000),
    halt(0).

rate(Name, DurationMs, Count, Run) ->
    _ = measure(DurationMs div 4, Count, Run),
    io:format("~s\t~p~n", [Name, measure(DurationMs, Count, Run)]).

measure(DurationMs, Count, Run) ->
    Start = erlang:monotonic_time(microsecond),
    repeat(Start, Start + DurationMs * 1000, Count, Run, 0).

repeat(Start, Until, Count, Run, Operations) ->
    ok = Run(Count),
    Now = erlang:monotonic_time(microsecond),
    Done = Operations + Count,
    if Now < Until -> repeat(Start, Until, Count, Run, Done);
       true -> Done / (Now - Start) * 1.0e6
    end.

count(Seen) ->
    receive
        {message, Seen} -> count(Seen + 1);
        {seen, From} -> From ! {seen, Seen}, count(0)
    end.

tell(Counter, Count) ->
    [Counter ! {message, Number} || Number <- lists:seq(0, Count - 1)],
    Counter ! {seen, self()},
    receive {seen, Count} -> ok end.

answer() ->
    receive {'$gen_call', From, Value} -> gen:reply(From, Value + 1), answer() end.

ask(_, 0) -> ok;
ask(Answerer, Value) ->
    {ok, Answer} = gen:call(Answerer, '$gen_call', Value, 5000),
    Answer = Value + 1,
    ask(Answerer, Value - 1).

play() ->
    receive
        {ball, 0, _, _, From} -> From ! done;
        {ball, Left, To, Me, From} -> To ! {ball, Left - 1, Me, To, From}
    end,
    play().

ping_pong(Ping, Pong, Count) ->
    Ping ! {ball, Count - 1, Pong, Ping, self()},
    receive done -> ok end.

spawn_and_stop(Count) ->
    Processes = [spawn_monitor(fun() -> receive stop -> ok end end) || _ <- lists:seq(1, Count)],
    [Process ! stop || {Process, _} <- Processes],
    [receive {'DOWN', Monitor, process, _, normal} -> ok end || {_, Monitor} <- Processes],
    ok.

idle(Count) ->
    Before = erlang:memory(total),
    Processes = [spawn(fun() -> receive stop -> ok end end) || _ <- lists:seq(1, Count)],
    io:format("idle actor\t~p~n", [(erlang:memory(total) - Before) / length(Processes)]).
