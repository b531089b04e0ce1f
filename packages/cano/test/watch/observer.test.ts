import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Data from "effect/Data"
import * as DateTime from "effect/DateTime"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { TestClock } from "effect/testing"
import { inVirtualTime, makeUnchecked } from "effect-cano-testing/Runs"
import * as Concurrent from "../../src/Concurrent.ts"
import * as Observer from "../../src/Observer.ts"
import * as Retry from "../../src/Retry.ts"
import * as Scheduler from "../../src/Scheduler.ts"
import * as Task from "../../src/Task.ts"
import * as Trigger from "../../src/Trigger.ts"
import * as Wait from "../../src/Wait.ts"
import * as Workflow from "../../src/Workflow.ts"

class Flaky extends Data.TaggedError("Flaky")<{ readonly secret: string }> {}

const Letters = Schema.Literals(["A", "B", "Done", "Failed"])

const order = (failures: number) => {
  let left = failures
  const fetch = Effect.suspend(() =>
    left-- > 0 ? Effect.fail(new Flaky({ secret: "s3cr3t" })) : Effect.as(Effect.sleep(7), "Done" as const)
  )
  return Workflow.make("order", Letters, {
    initial: "A",
    exits: ["Done", "Failed"],
    states: {
      A: { to: ["B"], run: () => "B" },
      B: {
        to: ["Done", "Failed"],
        run: Task.make({ retry: Retry.fixed(1, "1 second"), run: fetch }),
        catch: { Flaky: "Failed" }
      }
    }
  })
}

/** An event without what differs from run to run. */
const plain = ({ at, ...event }: Observer.WorkflowEvent) => {
  const fields: Record<string, unknown> = { ms: DateTime.toEpochMillis(at), ...event }
  for (const [name, value] of Object.entries(fields))
    if (Duration.isDuration(value)) fields[name] = Duration.toMillis(value)
  return fields
}

const recorded = <A, E>(effect: Effect.Effect<A, E>) =>
  Effect.map(inVirtualTime(Observer.record(effect)), (exit) =>
    Exit.isSuccess(exit) ? exit.value : assert.fail("died")
  )

describe("record", () => {
  it.effect("O2: every event of a run, in order, with times and durations", () =>
    Effect.gen(function* () {
      const { events, exit } = yield* recorded(Workflow.run(order(1)))
      assert.deepStrictEqual(exit, Exit.succeed("Done"))
      const of = { run: "1", workflow: "order" }
      const around = { parent: undefined, instance: undefined, flow: undefined }
      assert.deepStrictEqual(events.map(plain), [
        { ms: 1, _tag: "RunStarted", ...of, state: "A", ...around },
        { ms: 1, _tag: "StateEntered", ...of, state: "A", transitions: 0 },
        { ms: 1, _tag: "StateLeft", ...of, state: "A", next: "B", attempts: 1, error: undefined, duration: 0 },
        { ms: 1, _tag: "StateEntered", ...of, state: "B", transitions: 1 },
        {
          ms: 1,
          _tag: "AttemptFailed",
          ...of,
          state: "B",
          attempt: 1,
          error: "Flaky",
          outcome: "failure",
          retryIn: 1000
        },
        { ms: 1008, _tag: "StateLeft", ...of, state: "B", next: "Done", attempts: 2, error: undefined, duration: 1007 },
        {
          ms: 1008,
          _tag: "RunEnded",
          ...of,
          outcome: "success",
          state: "Done",
          transitions: 2,
          error: undefined,
          unreadSignals: undefined,
          interrupted: undefined,
          duration: 1007
        }
      ])
    })
  )

  it.effect("an error edge is a transition that names the error, after the attempt that was the last", () =>
    Effect.gen(function* () {
      const { events } = yield* recorded(Workflow.run(order(2)))
      const told = events.map(plain).filter(({ state }) => state === "B")
      assert.deepStrictEqual(
        told.map(({ _tag, attempt, attempts, error, next, retryIn }) => [
          _tag,
          attempt ?? attempts,
          error,
          next ?? retryIn
        ]),
        [
          ["StateEntered", undefined, undefined, undefined],
          ["AttemptFailed", 1, "Flaky", 1000],
          ["AttemptFailed", 2, "Flaky", undefined],
          ["StateLeft", 2, "Flaky", "Failed"]
        ]
      )
    })
  )

  const ends: Record<string, [run: Effect.Effect<any, any>, outcome: string, error: string | undefined]> = {
    "a failure": [Effect.fail(new Flaky({ secret: "" })), "failure", "Flaky"],
    "a defect": [Effect.die(new TypeError("s3cr3t")), "defect", "TypeError"],
    "a defect beside a failure": [
      Effect.failCause(Cause.combine(Cause.fail("no"), Cause.die(new RangeError()))),
      "defect",
      "RangeError"
    ],
    "an interruption": [Effect.interrupt, "interrupted", undefined],
    "a failure that is a string": [Effect.fail("s3cr3t"), "failure", "string"],
    "an undeclared state": [Effect.succeed("A"), "defect", "UndeclaredState"]
  }
  for (const [name, [run, outcome, error]] of Object.entries(ends)) {
    it.effect(`O4: ${name} ends the run as ${outcome}, and names the kind of error only`, () =>
      Effect.gen(function* () {
        const workflow = makeUnchecked("w", Letters, {
          initial: "A",
          exits: ["Done"],
          states: { A: { to: ["Done"], run } }
        })
        const { events } = yield* recorded(Workflow.run(workflow))
        assert.include(events.at(-1) as any, { _tag: "RunEnded", outcome, error, state: "A", transitions: 0 })
        assert.notInclude(JSON.stringify(events), "s3cr3t")
        assert.strictEqual(events.filter(({ _tag }) => _tag === "StateLeft").length, 0)
      })
    )
  }

  it.effect("a run interrupted from outside has ended, at every step", () =>
    Effect.gen(function* () {
      for (const after of [0, 500, 1000, 1003]) {
        const { events } = yield* recorded(Effect.timeoutOption(Workflow.run(order(1)), after))
        const started = events.filter(({ _tag }) => _tag === "RunStarted").length
        const ended = events.filter((event) => event._tag === "RunEnded" && event.outcome === "interrupted").length
        assert.deepStrictEqual([started, ended], after === 0 ? [started, started] : [1, 1], String(after))
      }
    })
  )

  it.effect("a run that starts in an exit has started and ended", () =>
    Effect.gen(function* () {
      const { events } = yield* recorded(Workflow.run(order(0), "Done"))
      assert.deepStrictEqual(
        events.map(({ _tag }) => _tag),
        ["RunStarted", "RunEnded"]
      )
    })
  )

  it.effect("nested runs, instances and flows say where they belong", () =>
    Effect.gen(function* () {
      const parent = Workflow.make("parent", Letters, {
        initial: "A",
        exits: ["Done", "Failed"],
        states: {
          A: { to: ["B"], run: () => "B" },
          B: { to: ["Done", "Failed"], run: Workflow.asTask(order(0), (exit) => exit) }
        }
      })
      const scheduled = Effect.gen(function* () {
        const scheduler = yield* Scheduler.make()
        const batch = Concurrent.workflow(parent, { instances: [{ id: "one" }], wait: Wait.all })
        const flow = yield* scheduler.add("nightly", Trigger.manual, batch)
        yield* scheduler.start
        yield* Effect.flatMap(scheduler.trigger(flow), (run) => run.await)
      }).pipe(Effect.scoped)
      const { events } = yield* recorded(scheduled)
      const starts = events.filter((event) => event._tag === "RunStarted")
      assert.deepStrictEqual(
        starts.map(({ flow, instance, parent, run, workflow }) => ({ flow, instance, parent, run, workflow })),
        [
          { flow: "nightly", instance: "one", parent: undefined, run: "1", workflow: "parent" },
          { flow: "nightly", instance: "one", parent: "1", run: "2", workflow: "order" }
        ]
      )
    })
  )

  it.effect("O2: 1,000 runs at once keep their events apart", () =>
    Effect.gen(function* () {
      const runs = Array.from({ length: 1000 }, (_, i) => Effect.delay(Workflow.run(order(i % 3)), i % 7))
      const { events } = yield* recorded(Concurrent.run(runs))
      const byRun = Map.groupBy(events, ({ run }) => run)
      assert.strictEqual(byRun.size, 1000)
      for (const own of byRun.values()) {
        assert.strictEqual(own[0]?._tag, "RunStarted")
        assert.strictEqual(own.at(-1)?._tag, "RunEnded")
        assert.strictEqual(own.filter(({ _tag }) => _tag === "StateEntered").length, 2)
      }
    })
  )

  it.effect("step makes no events: it is no run", () =>
    Effect.gen(function* () {
      const { events } = yield* recorded(Workflow.step(order(0), "A"))
      assert.isEmpty(events)
    })
  )
})

describe("layer", () => {
  const run = Effect.as(Workflow.run(order(0)), "ran")

  it.effect("hands the handler every event, the last ones when the layer is closed", () =>
    Effect.gen(function* () {
      const seen: Array<string> = []
      const observer = Observer.layer((event) => Effect.sync(() => seen.push(event._tag)))
      yield* inVirtualTime(Effect.provide(run, observer))
      assert.deepStrictEqual(seen, ["RunStarted", "StateEntered", "StateLeft", "StateEntered", "StateLeft", "RunEnded"])
    })
  )

  it.effect("O3: a handler that fails, dies or throws misses that event, and is said so once", () =>
    Effect.gen(function* () {
      const seen: Array<string> = []
      const logged: Array<unknown> = []
      const logs = Logger.layer([Logger.make(({ logLevel, message }) => logged.push([logLevel, String(message)]))])
      const observer = Observer.layer((event): Effect.Effect<void, string> => {
        seen.push(event._tag)
        if (seen.length === 1) return Effect.fail("s3cr3t")
        if (seen.length === 2) return Effect.die(new Error("s3cr3t"))
        if (seen.length === 3) throw new TypeError("s3cr3t")
        return Effect.void
      })
      const exit = yield* inVirtualTime(Effect.provide(run, Layer.provide(observer, logs)))
      assert.deepStrictEqual(exit, Exit.succeed("ran"))
      assert.strictEqual(seen.length, 6)
      assert.deepStrictEqual(logged, [["Warn", "An observer missed a RunStarted: its handler ended with a string"]])
    })
  )

  it.effect("O3: a handler that never ends delays neither a run nor, for long, the end of the layer", () =>
    Effect.gen(function* () {
      const observer = Observer.layer(() => Effect.never, { shutdownTimeout: "2 seconds" })
      const started = yield* Effect.clockWith((clock) => clock.currentTimeMillis)
      let ran = 0
      const program = Effect.tap(run, () =>
        Effect.clockWith((clock) => Effect.sync(() => void (ran = clock.currentTimeMillisUnsafe())))
      )
      const fiber = yield* Effect.forkChild(Effect.delay(Effect.provide(program, observer), 1))
      yield* TestClock.adjust("2 seconds")
      assert.strictEqual(ran - started, 8)
      assert.isUndefined(fiber.pollUnsafe())
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(fiber.pollUnsafe(), Exit.succeed("ran"))
    })
  )

  it.effect("O3: a slow handler loses the oldest events and is told how many", () =>
    Effect.gen(function* () {
      const seen: Array<string> = []
      const gate = yield* Deferred.make<void>()
      const observer = Observer.layer(
        (event) =>
          Effect.andThen(
            Deferred.await(gate),
            Effect.sync(() => seen.push(event._tag === "Lost" ? `lost ${event.count}` : event._tag))
          ),
        { buffer: 3 }
      )
      const runs = Effect.replicateEffect(Workflow.run(order(0)), 10)
      yield* inVirtualTime(Effect.provide(Effect.andThen(runs, Deferred.succeed(gate, undefined)), observer))
      assert.strictEqual(seen.at(-1), "RunEnded")
      const lost = seen.flatMap((line) => (line.startsWith("lost ") ? [Number(line.slice(5))] : []))
      const got = seen.length - lost.length
      assert.strictEqual(got + lost.reduce((a, b) => a + b, 0), 60)
      assert.isBelow(got, 60)
    })
  )

  it.effect("the stream of an observer can be read by many, from when they began", () =>
    Effect.gen(function* () {
      const counts = yield* inVirtualTime(
        Effect.gen(function* () {
          const { events } = yield* Observer.Observer
          const first = yield* Effect.forkChild(Stream.runCollect(Stream.take(events, 12)), { startImmediately: true })
          yield* Workflow.run(order(0))
          const second = yield* Effect.forkChild(Stream.runCollect(Stream.take(events, 6)), { startImmediately: true })
          yield* Workflow.run(order(0))
          return [(yield* Fiber.join(first)).length, (yield* Fiber.join(second)).map(({ run }: any) => run)]
        }).pipe(Effect.provide(Observer.layerStream()))
      )
      assert.deepStrictEqual(counts, Exit.succeed([12, Array(6).fill("2")]))
    })
  )

  it.effect("bad options are refused", () =>
    Effect.gen(function* () {
      for (const buffer of [0, -1, 1.5, NaN]) {
        const exit = yield* Effect.exit(Effect.scoped(Observer.make({ buffer })))
        assert.match(
          Cause.pretty((exit as Exit.Failure<never, never>).cause),
          /buffer is .*, expected a whole number from 1/
        )
      }
      const timeout = Observer.layer(() => Effect.void, { shutdownTimeout: -1 })
      assert.isTrue(Exit.isFailure(yield* Effect.exit(Effect.provide(Effect.void, timeout))))
    })
  )
})
