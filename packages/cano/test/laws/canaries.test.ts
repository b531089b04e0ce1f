/**
 * O4: what a run handles is in no span, log, metric, event or error message of the library.
 *
 * A secret is put into every input, state, value of a store, error and defect of random machines and of one scenario for
 * each feature; then everything that they told is searched for it.
 */
import { inspect } from "node:util"
import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Metric from "effect/Metric"
import { PrometheusMetrics } from "effect/observability"
import * as Redacted from "effect/Redacted"
import * as References from "effect/References"
import * as Schema from "effect/Schema"
import * as Tracer from "effect/Tracer"
import { randomMachine } from "effect-cano-testing/Machines"
import { inVirtualTime, makeUnchecked } from "effect-cano-testing/Runs"
import { replay } from "effect-cano-testing/Seed"
import * as TestJournal from "effect-cano-testing/TestJournal"
import { makeLog, observe } from "effect-cano-testing/Trial"
import * as Concurrent from "../../src/Concurrent.ts"
import * as Durable from "../../src/Durable.ts"
import { JournalFailure } from "../../src/DurableError.ts"
import * as Journal from "../../src/Journal.ts"
import * as Metrics from "../../src/Metrics.ts"
import * as Node from "../../src/Node.ts"
import * as Observer from "../../src/Observer.ts"
import * as Retry from "../../src/Retry.ts"
import * as Scheduler from "../../src/Scheduler.ts"
import * as Signal from "../../src/Signal.ts"
import * as Store from "../../src/Store.ts"
import * as Task from "../../src/Task.ts"
import * as Trigger from "../../src/Trigger.ts"
import * as Wait from "../../src/Wait.ts"
import * as Workflow from "../../src/Workflow.ts"

const secret = "canary-4111-1111"

class Leaky extends Data.TaggedError("Leaky")<{ readonly detail: string; readonly nested: unknown }> {}

const leaky = () => new Leaky({ detail: secret, nested: { deep: [secret, Redacted.make(secret)] } })

/** An error with the secret wherever an error can hold one. */
const loud = () => {
  const error = new Error(`${secret}\n    at ${secret} (${secret}:1:1)`, { cause: leaky() })
  return Object.assign(error, { secret, toString: () => secret, toJSON: () => secret })
}

/** Everything that is told while an effect runs, as one text each. */
const overheard = <A, E>(effect: Effect.Effect<A, E>) =>
  Effect.gen(function* () {
    const spans: Array<Tracer.NativeSpan> = []
    const logs: Array<unknown> = []
    const tracer = Tracer.make({
      span(options) {
        const span = new Tracer.NativeSpan(options)
        spans.push(span)
        return span
      }
    })
    const logger = Logger.make(({ cause, fiber, message }) => {
      logs.push([message, Cause.pretty(cause), cause, fiber.getRef(References.CurrentLogAnnotations)])
    })
    const exit = yield* inVirtualTime(
      Observer.record(effect).pipe(
        Effect.provide(Metrics.layer()),
        Effect.provide(Logger.layer([logger])),
        Effect.provideService(References.MinimumLogLevel, "All"),
        Effect.withTracer(tracer)
      ),
      "1 hour"
    )
    const recording = Exit.isSuccess(exit) ? exit.value : assert.fail(Cause.pretty(exit.cause))
    const show = (value: unknown) =>
      inspect(value, { depth: 20, showHidden: true, maxArrayLength: null, breakLength: 1e9 })
    return {
      exit: recording.exit,
      texts: {
        spans: spans.map(({ attributes, events, name, status }) => {
          const ended = status._tag === "Ended" && Exit.isFailure(status.exit) ? status.exit.cause : undefined
          const pretty = ended === undefined ? "" : Cause.pretty(ended)
          return show([name, attributes, events, status, pretty])
        }),
        logs: logs.map(show),
        events: recording.events.map(show),
        metrics: [yield* PrometheusMetrics.format(), show(yield* Metric.snapshot)]
      }
    }
  }).pipe(Effect.provideService(Metric.MetricRegistry, new Map()))

const assertSilent = (texts: Record<string, ReadonlyArray<string>>, hint: string) => {
  for (const [kind, lines] of Object.entries(texts)) {
    for (const line of lines) assert.notInclude(line, secret, `${kind} of ${hint}`)
  }
}

const Card = Schema.TaggedUnion({ Pay: { card: Schema.String }, Paid: { card: Schema.String } })

const pay = (run: unknown) => named("pay", run)

const named = (name: string, run: unknown) =>
  makeUnchecked(name, Card, { initial: "Pay", exits: ["Paid"], states: { Pay: { to: ["Paid"], run } } })

const paid = { _tag: "Paid", card: secret }
const start: any = { _tag: "Pay", card: secret }
const Num = Store.key("card", Schema.Number)
const Text = Store.key("card", Schema.Union([Schema.String, Schema.Redacted(Schema.String)]))

const withStore = <A, E>(effect: Effect.Effect<A, E, Store.MemoryStore>) =>
  Effect.provide(effect, Store.MemoryStore.layer)

const run = (work: unknown): Effect.Effect<unknown, unknown> => Workflow.run(pay(work), start)

const scenarios: Record<string, Effect.Effect<unknown, unknown>> = {
  "a payload": run(() => paid),
  "an error": run(Effect.suspend(() => Effect.fail(leaky()))),
  "an error with a message, a cause and frames": run(Effect.suspend(() => Effect.fail(loud()))),
  "a text as an error": run(Effect.fail(secret)),
  "a record as an error": run(Effect.fail({ _tag: "Refused", secret })),
  "a secret that is redacted": run(Effect.fail(Redacted.make(secret))),
  "a defect": run(Effect.die(secret)),
  "a thrown error": run(() => {
    throw loud()
  }),
  retries: run(Task.make({ retry: Retry.fixed(2, 10), run: Effect.suspend(() => Effect.fail(leaky() as any)) })),
  "a timeout": run(Task.make({ name: "slow", attemptTimeout: 5, run: () => Effect.as(Effect.sleep(10), paid as any) })),
  "a caught error": Workflow.run(
    makeUnchecked("pay", Card, {
      initial: "Pay",
      exits: ["Paid"],
      states: { Pay: { to: ["Paid"], run: () => Effect.fail(leaky()), catch: { Leaky: () => paid } } }
    }),
    start
  ),
  "an error that escapes from catch": Workflow.run(
    makeUnchecked("pay", Card, {
      initial: "Pay",
      exits: ["Paid"],
      states: {
        Pay: {
          to: ["Paid"],
          run: () => Effect.fail(leaky()),
          catch: {
            Leaky: () => {
              throw loud()
            }
          }
        }
      }
    }),
    start
  ),
  "an undeclared text": run(() => secret),
  "an undeclared record": run(() => ({ _tag: secret, secret })),
  "an undeclared promise": run(() => Promise.resolve(secret)),
  "a start in no state": Workflow.run(
    pay(() => paid),
    secret as any
  ),
  "a node": run(
    Node.make({
      retry: Retry.fixed(1, 5),
      prep: () => secret,
      exec: (card) => (card === secret ? Effect.fail(leaky()) : Effect.succeed(card)),
      post: () => paid as any
    })
  ),
  "a store": withStore(
    Effect.gen(function* () {
      yield* Store.put(Text, secret)
      yield* Store.put(Text, Redacted.make(secret))
      return yield* Workflow.run(pay(Effect.as(Store.get(Num), paid)), start)
    }) as Effect.Effect<unknown, unknown, Store.MemoryStore>
  ),
  "a nested workflow": run(
    Workflow.asTask(
      pay(Effect.fail(leaky())),
      () => paid as any,
      () => start
    )
  ),
  "a fork that fails": run(
    Task.fork({ branches: { a: Effect.fail(leaky()), b: Effect.never }, join: () => paid as any })
  ),
  "a fork that is not met": run(
    Task.fork({
      name: "quorum",
      branches: { a: Effect.fail(leaky()), b: Effect.fail(loud()), c: Effect.succeed(secret) },
      wait: Wait.quota(2),
      join: () => paid as any
    })
  ),
  "a fork that is late": run(Task.fork({ branches: { a: Effect.never }, timeout: 10, join: () => paid as any })),
  "a batch": Concurrent.run([Effect.fail(leaky()), Effect.die(secret), Effect.succeed(secret), Effect.never], {
    wait: Wait.duration("1 second")
  }),
  "a batch of runs": Concurrent.workflow(pay(Effect.fail(leaky())), { instances: [{ id: "1", state: start }] } as any),
  "too many transitions": Workflow.run(
    makeUnchecked("pay", Card, {
      initial: "Pay",
      exits: ["Paid"],
      states: { Pay: { to: ["Pay", "Paid"], run: (state: unknown) => state } }
    }).pipe(Workflow.withMaxTransitions(3)),
    start
  ),
  "an observer that fails": Workflow.run(
    pay(() => paid),
    start
  ).pipe(Effect.provide(Observer.layer(() => Effect.fail(loud())))),
  "a scheduler": Effect.gen(function* () {
    const scheduler = yield* Scheduler.make()
    yield* scheduler.add("fails", Trigger.every("1 second"), run(Effect.fail(leaky())), {
      trip: 2,
      backoff: { base: 5 }
    })
    yield* scheduler.add("dies", Trigger.every("1 second"), Effect.die(loud()))
    yield* scheduler.add("late", Trigger.every("1 second"), Effect.never, { timeout: 10 })
    yield* scheduler.add("hangs", Trigger.manual, Effect.never)
    yield* scheduler.start
    yield* scheduler.trigger("hangs")
    yield* Effect.sleep("3 seconds")
    yield* scheduler.stop({ grace: 10 })
  }).pipe(Effect.scoped)
}

const Note = Signal.make("note", Schema.String)

/** A durable run of `Pay` with this work, which gets a signal after a minute. */
const durable = (
  work: unknown,
  options: {
    readonly compensate?: unknown
    readonly journal?: TestJournal.Plan
    /** The rows that the database refuses, with the secret in its message. */
    readonly refused?: number
  } = {}
) => {
  const workflow = makeUnchecked("pay", Card, {
    initial: "Pay",
    exits: ["Paid"],
    states: { Pay: { to: ["Paid"], run: work, compensate: options.compensate } }
  }) as Workflow.Workflow<unknown, unknown, unknown, never, unknown>
  const client = Effect.gen(function* () {
    const fiber = yield* Effect.forkChild(
      Effect.exit(Durable.run(workflow, { runId: "r", state: start, labels: { team: "blue" } }))
    )
    yield* Effect.sleep("1 minute")
    yield* Effect.exit(Durable.signal("r", Note, secret, { id: "one" }))
    return yield* Effect.flatten(Fiber.join(fiber))
  })
  return Effect.gen(function* () {
    const { journal } = TestJournal.make(yield* Journal.Journal, options.journal)
    let { refused = 0 } = options
    const refusal = new JournalFailure({ operation: "append", reason: "Refused", cause: loud() })
    const append: Journal.Shape["append"] = (entry) =>
      Effect.suspend(() => (refused-- > 0 ? Effect.fail(refusal) : journal.append(entry)))
    const worker = Durable.register(workflow, { errors: Schema.Struct({ detail: Schema.String }) }).pipe(
      Layer.provideMerge(Durable.layer({ poll: "10 seconds" })),
      Layer.provide(Layer.succeed(Journal.Journal, { ...journal, append }))
    )
    return yield* Effect.provide(client, worker)
  }).pipe(Effect.provide(Journal.layerMemory))
}

const durableScenarios: Record<string, Effect.Effect<unknown, unknown>> = {
  "a durable run": durable(Effect.as(Store.put(Text, secret), paid)),
  "a durable run that fails": durable(Effect.suspend(() => Effect.fail(leaky()))),
  "a durable run that dies": durable(Effect.suspend(() => Effect.die(loud()))),
  "a durable run that fails with a text": durable(Effect.fail(secret)),
  "a durable run that retries": durable(
    Task.make({ retry: Retry.fixed(2, "1 minute"), run: Effect.suspend(() => Effect.fail(loud() as any)) })
  ),
  "a durable run that sleeps": durable(Task.sleep("1 minute", () => paid as any)),
  "a durable run that takes a signal": durable(Task.awaitSignal(Note, (card) => ({ _tag: "Paid", card }) as any)),
  "a durable run with a checkpoint": durable(
    Effect.map(Durable.checkpoint("card", Schema.String)(Effect.succeed(secret)), (card) => ({ _tag: "Paid", card }))
  ),
  "a durable saga": durable(
    Effect.suspend(() => Effect.fail(leaky())),
    { compensate: () => Effect.fail(loud()) }
  ),
  "a durable run whose state does not fit": durable(Effect.succeed({ _tag: "Paid", card: { secret } })),
  "a durable run whose store does not fit": durable(
    Effect.as(Store.put(Num as unknown as Store.Key<any>, secret), paid)
  ),
  "a durable run whose state cannot be read": durable(
    Task.sleep("1 minute", () => paid as any),
    {
      journal: ({ operation }) => (operation === "claim" ? { corrupt: (text) => text.slice(0, -1) } : undefined)
    }
  ),
  "a durable run that the database refuses": durable(Effect.succeed(paid), { refused: 3 }),
  "a durable run with a nested one": durable(
    Workflow.asTask(
      named("child", Effect.fail(leaky())),
      () => paid as any,
      () => start
    )
  )
}

/** The library's own errors in an exit; those of the test are the test's affair. */
const messagesOf = (exit: Exit.Exit<unknown, unknown>): ReadonlyArray<string> =>
  Exit.isSuccess(exit)
    ? []
    : exit.cause.reasons.flatMap((reason) => {
        const error: any = Cause.isDieReason(reason)
          ? reason.defect
          : Cause.isFailReason(reason)
            ? reason.error
            : undefined
        const isOurs =
          error instanceof Error && !(error instanceof Leaky) && !("secret" in error) && error.message !== secret
        return isOurs ? [error.message, String(error), error.stack ?? ""] : []
      })

describe("O4: secrets stay where they are", () => {
  for (const [name, scenario] of Object.entries({ ...scenarios, ...durableScenarios })) {
    it.effect(`in ${name}`, () =>
      Effect.gen(function* () {
        const { exit, texts } = yield* overheard(scenario)
        assertSilent({ ...texts, messages: messagesOf(exit) }, name)
        // A run that cannot start tells nothing.
        if (name !== "a start in no state") assert.isNotEmpty(texts.spans)
      })
    )
  }

  const { runs, seed } = replay(1000)
  it.effect(
    `in ${runs} random machines, seed ${seed}`,
    () =>
      Effect.gen(function* () {
        for (let i = seed; i < seed + runs; i++) {
          const { texts } = yield* overheard(observe(randomMachine(i), { log: makeLog((_, work) => work, secret) }))
          assert.isNotEmpty(texts.spans)
          assertSilent(texts, `machine ${i}; replay with CANO_SEED=${i} CANO_RUNS=1`)
        }
      }),
    60_000
  )

  it("the search finds a secret that is told", () => {
    assert.throws(() => assertSilent({ spans: [inspect([loud()], { depth: 20 })] }, "a test"), /spans of a test/)
  })
})
