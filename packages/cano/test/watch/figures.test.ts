import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Logger from "effect/Logger"
import * as Metric from "effect/Metric"
import * as References from "effect/References"
import { MaxOpsBeforeYield } from "effect/Scheduler"
import { inVirtualTime, makeUnchecked } from "effect-cano-testing/Runs"
import * as Metrics from "../../src/Metrics.ts"
import * as Observer from "../../src/Observer.ts"
import * as Retry from "../../src/Retry.ts"
import * as Task from "../../src/Task.ts"
import * as Workflow from "../../src/Workflow.ts"
import { recorder } from "../support/recorder.ts"
import { Letters, single } from "../support/single.ts"

describe("what is told adds up", () => {
  it.effect("a run that is interrupted after any number of steps has ended if it has started, and its spans too", () =>
    Effect.gen(function* () {
      let left = 1
      const flaky = Effect.suspend(() => (left-- > 0 ? Effect.fail({ _tag: "No" }) : Effect.succeed("Failed")))
      const outer = makeUnchecked("outer", Letters, {
        initial: "A",
        exits: ["Done", "Failed"],
        states: {
          A: { to: ["B"], run: () => "B" },
          B: {
            to: ["Done", "Failed"],
            run: Workflow.asTask(single(flaky, { catch: { No: "Failed" } }), (exit) => exit)
          }
        }
      })
      let finished = false
      for (let steps = 0; !finished; steps++) {
        left = 1
        const { record, spans } = recorder()
        let recording: Observer.Recording<unknown, unknown> | undefined
        const recorded = Effect.map(Observer.record(record(Workflow.run(outer))), (done) => (recording = done))
        const fiber = yield* Effect.forkChild(Effect.provideService(recorded, MaxOpsBeforeYield, 3))
        for (let i = 0; i < steps; i++) yield* Effect.yieldNow
        finished = fiber.pollUnsafe() !== undefined
        yield* Fiber.interrupt(fiber)
        assert.isTrue(
          spans.every((span) => span.status._tag === "Ended"),
          `after ${steps} steps`
        )
        if (recording !== undefined) assert.strictEqual(recording.events.at(-1)?._tag, "RunEnded")
        if (steps > 1000) return assert.fail("it never ends")
      }
    })
  )

  it.effect(
    "metrics: attempts that were interrupted in a delay, undeclared, or caught, and durations of every outcome",
    () =>
      Effect.gen(function* () {
        const counts = (effect: Effect.Effect<unknown, unknown>) =>
          Effect.gen(function* () {
            yield* inVirtualTime(Effect.provide(effect, Metrics.layer()))
            const ours = yield* Metric.snapshot
            return Object.fromEntries(
              ours.flatMap((metric) => {
                const { "cano.attempt.outcome": attempt, "cano.run.outcome": run } = metric.attributes ?? {}
                if (metric.id === "cano.workflow.attempts") return [[`attempt ${attempt}`, (metric.state as any).count]]
                return metric.id === "cano.workflow.run.duration"
                  ? [[`seconds of ${run}`, (metric.state as any).sum]]
                  : []
              })
            )
          }).pipe(Effect.provideService(Metric.MetricRegistry, new Map()))
        const inDelay = Workflow.run(single(Task.make({ retry: Retry.fixed(1, "1 hour"), run: Effect.fail("no") })))
        assert.deepStrictEqual(yield* counts(Effect.timeoutOption(inDelay, "1 second")), {
          "attempt failure": 1,
          "seconds of interrupted": 1
        })
        assert.deepStrictEqual(yield* counts(Workflow.run(single(Effect.delay(Effect.succeed("B"), "2 seconds")))), {
          "attempt defect": 1,
          "seconds of defect": 2
        })
        const caught = single(() => Effect.fail({ _tag: "No" }), { catch: { No: "Failed" } })
        assert.deepStrictEqual(yield* counts(Workflow.run(caught)), { "attempt failure": 1, "seconds of success": 0 })
        const nowhere = single(() => Effect.fail({ _tag: "No" }), { catch: { No: () => "B" } })
        assert.deepStrictEqual(yield* counts(Workflow.run(nowhere)), { "attempt failure": 1, "seconds of defect": 0 })
      })
  )

  it.effect("events: the time in each state, the branch that is no instance, and a parent of the same observer", () =>
    Effect.gen(function* () {
      const slow = makeUnchecked("slow", Letters, {
        initial: "A",
        exits: ["Done"],
        states: {
          A: { to: ["B"], run: Effect.as(Effect.sleep(30), "B") },
          B: { to: ["Done"], run: Effect.as(Effect.sleep(7), "Done") }
        }
      })
      const inner = Effect.flatMap(Observer.record(Workflow.run(slow)), ({ events }) => Effect.succeed(events))
      let innerEvents: ReadonlyArray<Observer.WorkflowEvent> = []
      const outer = single(Effect.map(inner, (events) => ((innerEvents = events), "Done")))
      const forked = single(Task.fork({ branches: { only: Workflow.run(slow) }, join: () => "Done" }))
      const exit = yield* inVirtualTime(
        Observer.record(Effect.all([Workflow.run(slow), Workflow.run(outer), Workflow.run(forked)]))
      )
      if (Exit.isFailure(exit)) return assert.fail("recording failed")
      const times = exit.value.events.flatMap((event) =>
        event._tag === "StateLeft" && event.run === "1" ? [Duration.toMillis(event.duration)] : []
      )
      assert.deepStrictEqual(times, [30, 7])
      const starts = [...exit.value.events, ...innerEvents].filter((event) => event._tag === "RunStarted")
      assert.deepStrictEqual(
        starts.map(({ instance, parent, run, workflow }) => [workflow, run, parent, instance]),
        [
          ["slow", "1", undefined, undefined],
          ["w", "2", undefined, undefined],
          ["w", "3", undefined, undefined],
          ["slow", "4", "3", undefined],
          ["slow", "1", undefined, undefined]
        ]
      )
    })
  )

  it.effect("spans: a branch tells which attempt was the last, and attributes of withSpan win", () =>
    Effect.gen(function* () {
      const { record, spans } = recorder()
      const branch = Task.make({ retry: Retry.fixed(2, 1), run: Effect.fail("no") })
      const workflow = single(Task.fork({ branches: { branch }, join: () => "Done" }))
      yield* inVirtualTime(
        record(Workflow.run(Workflow.withSpan(workflow, "mine", { attributes: { "cano.workflow.name": "x" } })))
      )
      assert.strictEqual(spans[0]?.attributes.get("cano.workflow.name"), "x")
      assert.deepStrictEqual(
        spans.find(({ name }) => name === "branch")?.events.map(([name, , given]) => [name, given["cano.attempt"]]),
        [
          ["retry", 1],
          ["retry", 2],
          ["failure", 3]
        ]
      )
    })
  )

  it.effect("logs: annotations of the user survive, whatever their names are", () =>
    Effect.gen(function* () {
      const seen: Array<object> = []
      const logs = Logger.layer([
        Logger.make(({ fiber }) => seen.push({ ...fiber.getRef(References.CurrentLogAnnotations) }))
      ])
      const mine = { constructor: "x", toString: "y", tenant: "acme" }
      const run = Workflow.run(single(Effect.as(Effect.log("here"), "Done")))
      yield* Effect.provide(Effect.annotateLogs(run, mine), logs)
      assert.deepStrictEqual(seen, [
        { ...mine, "cano.workflow.name": "w", "cano.state.name": "A", "cano.attempt": 1 }
      ] as any)
    })
  )
})
