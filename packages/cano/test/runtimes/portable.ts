/**
 * A program that uses every part of the core and nothing of a platform, and reports what came of it. It prints the report
 * as a line of JSON, so that each runtime can be asked to load this one file; `runtimes.test.ts` compares the reports.
 *
 * Time is virtual, but for one run: the timers of the runtime are part of the question.
 */
import * as Data from "effect/Data"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Logger from "effect/Logger"
import * as Metric from "effect/Metric"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/testing/TestClock"
import * as Concurrent from "effect-cano/Concurrent"
import * as Interpreter from "effect-cano/Interpreter"
import * as Metrics from "effect-cano/Metrics"
import * as Node from "effect-cano/Node"
import * as Observer from "effect-cano/Observer"
import * as Retry from "effect-cano/Retry"
import * as Scheduler from "effect-cano/Scheduler"
import * as Store from "effect-cano/Store"
import * as Task from "effect-cano/Task"
import * as Trigger from "effect-cano/Trigger"
import * as Wait from "effect-cano/Wait"
import * as Workflow from "effect-cano/Workflow"

/** Runs an effect while the clock is moved by so much. */
const within =
  (time: Duration.Input) =>
  <A, E, R>(effect: Effect.Effect<A, E, R>) =>
    Effect.gen(function* () {
      const fiber = yield* Effect.forkChild(effect)
      yield* TestClock.adjust(time)
      return yield* Fiber.join(fiber)
    }).pipe(Effect.provide(TestClock.layer()))

// -----------------------------------------------------------------------------
// a workflow: retries, a node with a store, a fork, an error edge
// -----------------------------------------------------------------------------

class Offline extends Data.TaggedError("Offline")<{}> {}

const Words = Store.key("words", Schema.Array(Schema.String))
const Longest = Store.key("longest", Schema.String)

const Reading = Schema.TaggedUnion({
  Fetch: { text: Schema.String, failures: Schema.Number },
  Choose: {},
  Measure: {},
  Read: { words: Schema.Number, letters: Schema.Number },
  GivenUp: {}
})

let failed = 0

const reading = Workflow.make("reading", Reading, {
  initial: "Fetch",
  exits: ["Read", "GivenUp"],
  states: {
    Fetch: {
      to: ["Choose", "GivenUp"],
      run: Task.make({
        retry: Retry.fixed(2, "1 second"),
        run: function* ({ failures, text }) {
          if (failed++ < failures) return yield* new Offline()
          yield* Store.put(Words, text.split(" "))
          return { _tag: "Choose" }
        }
      }),
      catch: { Offline: "GivenUp" }
    },
    Choose: {
      to: ["Measure"],
      run: Node.make({
        prep: Store.get(Words),
        exec: (words) => words.reduce((a, b) => (b.length > a.length ? b : a)),
        post: function* (longest) {
          yield* Store.put(Longest, longest)
          return { _tag: "Measure" }
        }
      })
    },
    Measure: {
      to: ["Read"],
      run: Task.fork({
        branches: {
          words: Store.get(Words).pipe(Effect.map(({ length }) => length)),
          letters: Store.get(Longest).pipe(
            Effect.map(({ length }) => length),
            Effect.delay("1 second")
          )
        },
        join: ({ letters, words }) => ({ _tag: "Read", words, letters })
      })
    }
  }
})

const start = (failures: number) => {
  failed = 0
  return { _tag: "Fetch", text: "a lake of quiet machines", failures } as const
}

const read = (failures: number) =>
  Effect.suspend(() => Workflow.run(reading, start(failures))).pipe(Effect.provide(Store.MemoryStore.layer))

// -----------------------------------------------------------------------------
// the checks
// -----------------------------------------------------------------------------

const observed = Effect.gen(function* () {
  const { events } = yield* within("1 minute")(Observer.record(read(1)))
  return events.map(({ _tag }) => _tag)
})

const intercepted = Effect.suspend(() => {
  const seen: Array<string> = []
  const audit: Interpreter.Interceptor = {
    attempt: (run, inner) =>
      Effect.andThen(
        Effect.sync(() => void seen.push(`${run.tag} ${run.attempt}`)),
        inner
      )
  }
  const run = Interpreter.run(reading, { state: start(1), interceptors: [audit] })
  return Effect.as(within("1 minute")(Effect.provide(run, Store.MemoryStore.layer)), seen)
})

const counted = Effect.gen(function* () {
  yield* within("1 minute")(Effect.provide(read(2), Metrics.layer()))
  const found = (yield* Metric.snapshot).filter(({ id }) => id === "cano.workflow.attempts")
  return found.map(({ attributes, state }) => [attributes?.["cano.attempt.outcome"], "count" in state && state.count])
}).pipe(Effect.provideService(Metric.MetricRegistry, new Map()))

/** Ten instances, of which the first three to end are enough. */
const batch = Effect.gen(function* () {
  const instance = (seconds: number) => Effect.as(Effect.sleep(Duration.seconds(seconds)), seconds)
  const instances = Array.from({ length: 10 }, (_, index) => instance(10 - index))
  const { results, status } = yield* within("1 minute")(
    Concurrent.run(instances, { wait: Wait.quota(3), concurrency: 4 })
  )
  return {
    results: results.map((result) => (result._tag === "Completed" ? result.value : result._tag)),
    end: status.end,
    seconds: Duration.toSeconds(status.duration)
  }
})

/** An interval and a cron expression in a zone: the zone's rules come from the runtime. */
const schedule = Effect.gen(function* () {
  const due: Record<string, Array<string>> = { interval: [], cron: [] }
  const note = (flow: string) => (tick: Scheduler.Tick) =>
    Effect.sync(() => void due[flow]!.push(DateTime.formatIso(tick.due)))
  const scheduler = yield* Scheduler.make({ grace: 0 })
  yield* scheduler.add("interval", Trigger.every("2 seconds"), note("interval"))
  yield* scheduler.add("cron", Trigger.cron("*/3 * 1 * * *", { timeZone: "Europe/Berlin" }), note("cron"))
  yield* scheduler.start
  yield* TestClock.adjust("6 seconds")
  return due
}).pipe(Effect.scoped, Effect.provide(TestClock.layer()))

/** Without a `TestClock`: a retry that sleeps, and a scheduler that fires. */
const real = Effect.gen(function* () {
  let attempts = 0
  const flaky = Task.make({
    retry: Retry.fixed(1, "2 millis"),
    run: function* () {
      if (++attempts === 1) return yield* new Offline()
      return "Done"
    }
  })
  const workflow = Workflow.make("real", Schema.Literals(["Start", "Done"]), {
    initial: "Start",
    exits: ["Done"],
    states: { Start: { to: ["Done"], run: flaky } }
  })
  const scheduler = yield* Scheduler.make({ grace: 0 })
  const flow = yield* scheduler.add("flow", Trigger.manual, Workflow.run(workflow))
  yield* scheduler.start
  const run = yield* scheduler.trigger(flow)
  return { exit: yield* run.join, attempts }
}).pipe(Effect.scoped)

const report = Effect.all({
  retried: within("1 minute")(read(2)),
  exhausted: within("1 minute")(read(3)),
  observed,
  intercepted,
  counted,
  batch,
  schedule,
  real
}).pipe(Effect.provide(Logger.layer([])))

console.log(JSON.stringify(await Effect.runPromise(report)))
