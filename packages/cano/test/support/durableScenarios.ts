/** Durable runs for the tests of spans, events, metrics and logs: one for each way in which a run leaves its process. */
import * as Durable from "effect-cano/Durable"
import * as Journal from "effect-cano/Journal"
import * as Retry from "effect-cano/Retry"
import * as Signal from "effect-cano/Signal"
import * as Task from "effect-cano/Task"
import * as Workflow from "effect-cano/Workflow"
import * as TestJournal from "effect-cano-testing/TestJournal"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"

class Declined extends Data.TaggedError("Declined")<{ readonly card: string }> {}

export const Go = Signal.make("go", Schema.String)

const Tags = Schema.Literals(["Start", "Work", "Done", "Failed"])

/** `Start`, then what is given as `Work`, then an exit. */
export const machine = <E, R>(
  name: string,
  work: Task.Task<unknown, "Done" | "Failed", E, R> | Effect.Effect<"Done" | "Failed", E, R>
) =>
  Workflow.make(name, Tags, {
    initial: "Start",
    exits: ["Done", "Failed"],
    states: {
      Start: { to: ["Work"], run: () => "Work" },
      Work: { to: ["Done", "Failed"], run: work as Task.Task<unknown, "Done", E, R> }
    }
  })

/** Fails so often, then is done. */
const flaky = (failures: number): Effect.Effect<"Done", Declined> => {
  let left = failures
  return Effect.suspend(() => (left-- > 0 ? Effect.fail(new Declined({ card: "4111" })) : Effect.succeed("Done")))
}

export const plain = machine("plain", Effect.succeed("Done"))

export const sleeping = machine("sleeping", Task.sleep("10 minutes", "Done"))

export const listening = machine(
  "listening",
  Task.awaitSignal(Go, () => "Done", { timeout: "1 day", onTimeout: () => "Failed" })
)

const retrying = () => machine("retrying", Task.make({ retry: Retry.fixed(3, "1 minute"), run: flaky(2) }))

const nesting = machine(
  "nesting",
  Workflow.asTask(sleeping, (exit) => exit)
)

export const compensated = (undo: Effect.Effect<void> = Effect.sleep("1 second")) =>
  Workflow.make("compensated", Tags, {
    initial: "Start",
    exits: ["Done", "Failed"],
    states: {
      Start: { to: ["Work"], run: () => "Work", compensate: () => undo },
      Work: {
        to: ["Done", "Failed"],
        run: Effect.fail(new Declined({ card: "4111" })),
        compensate: () => Effect.fail(new Declined({ card: "4111" }))
      }
    }
  })

/** Hangs in its first process, and is done in all later ones. */
export const hanging = () => {
  let isFirst = true
  const work = Effect.suspend((): Effect.Effect<"Done"> => {
    if (!isFirst) return Effect.succeed("Done")
    isFirst = false
    return Effect.never
  })
  return machine("hanging", work)
}

/** Takes a minute for its first state. */
export const draining = Workflow.make("draining", Tags, {
  initial: "Start",
  exits: ["Done"],
  states: {
    Start: { to: ["Work"], run: Effect.as(Effect.sleep("1 minute"), "Work") },
    Work: { to: ["Failed"], run: () => "Failed" },
    Failed: { to: ["Done"], run: () => "Done" }
  }
})

/** Looks seldom, so that a test may let much time pass. */
const seldom = { poll: "1 minute", staleAfter: "3 minutes" } as const

/** Runs a worker of a workflow, on the journal of the context, around an effect. */
export const working = <A, E>(
  workflow: Workflow.Workflow.Any,
  effect: Effect.Effect<A, E, Durable.Durable | Journal.Journal | Scope.Scope>,
  options: Durable.WorkerOptions = {}
): Effect.Effect<A, unknown, Journal.Journal> =>
  Effect.scoped(effect).pipe(
    Effect.provide(
      Durable.register(workflow as Workflow.Workflow<unknown, unknown, unknown, never, never>).pipe(
        Layer.provideMerge(Durable.layer({ ...seldom, ...options }))
      ) as Layer.Layer<Durable.Durable, unknown, Journal.Journal>,
      { local: true }
    )
  )

/** Starts a run and waits for its end, however it ends. */
export const toEnd = (workflow: Workflow.Workflow.Any, runId = "r"): Effect.Effect<unknown, never, Durable.Durable> =>
  Effect.exit(
    Durable.run(
      workflow as Workflow.Workflow<unknown, unknown, unknown, never, unknown>,
      {
        runId,
        state: "Start"
      } as never
    )
  )

const written = (workflow: Workflow.Workflow.Any, delay = "0 seconds") =>
  Durable.start(workflow as typeof plain, { runId: "r", delay: delay as "1 minute" })

const ended = (workflow: Workflow.Workflow.Any) => Effect.exit(Durable.awaitOutcome(workflow as typeof plain, "r"))

/** A process that dies while its run hangs, and then another one. */
const crashing = (options: Durable.WorkerOptions) =>
  Effect.gen(function* () {
    const workflow = hanging()
    const first = TestJournal.make(yield* Journal.Journal)
    const dying = working(workflow, Effect.andThen(written(workflow), Effect.sleep("1 hour")), { drain: 0 })
    const fiber = yield* Effect.forkChild(Effect.provideService(dying, Journal.Journal, first.journal))
    yield* Effect.sleep("1 minute")
    yield* first.cutOff
    yield* working(workflow, Effect.andThen(Effect.sleep("10 minutes"), ended(workflow)), options)
    yield* Fiber.interrupt(fiber)
  })

/** Each is made anew for each use, because some count their failures. */
export const durableScenarios: Record<string, Effect.Effect<unknown, unknown>> = Object.fromEntries(
  Object.entries({
    "a durable run": () => working(plain, toEnd(plain)),
    "a durable run that sleeps": () => working(sleeping, toEnd(sleeping)),
    "a durable run that starts later": () =>
      working(sleeping, Effect.andThen(written(sleeping, "1 minute"), ended(sleeping))),
    "a durable run that waits for a signal": () =>
      working(
        listening,
        Effect.gen(function* () {
          const fiber = yield* Effect.forkChild(toEnd(listening))
          yield* Effect.sleep("1 minute")
          yield* Durable.signal("r", Go, "now", { id: "one" })
          yield* Durable.signal("r", Go, "again")
          yield* Durable.signal("r", Go, "now", { id: "one" })
          yield* Fiber.join(fiber)
          yield* Effect.exit(Durable.signal("r", Go, "late"))
          yield* Effect.exit(Durable.signal("nobody", Go, "late"))
        })
      ),
    "a durable run that retries": () => {
      const workflow = retrying()
      return working(workflow, toEnd(workflow))
    },
    "a durable run with a child": () => working(nesting, toEnd(nesting)),
    "a durable saga": () => {
      const workflow = compensated()
      return working(workflow, toEnd(workflow))
    },
    "a durable run that is cancelled while it waits": () =>
      working(
        sleeping,
        Effect.gen(function* () {
          yield* written(sleeping)
          yield* Effect.sleep("2 minutes")
          yield* Durable.cancel("r")
        })
      ),
    "a durable run that is cancelled while it works": () => {
      const workflow = hanging()
      return working(
        workflow,
        Effect.gen(function* () {
          const fiber = yield* Effect.forkChild(toEnd(workflow))
          yield* Effect.sleep("2 minutes")
          yield* Durable.cancel("r")
          yield* Fiber.join(fiber)
        })
      )
    },
    "a durable run that is handed over": () => {
      const workflow = hanging()
      const first = Effect.andThen(written(workflow), Effect.sleep("2 minutes"))
      return Effect.andThen(working(workflow, first, { drain: 0 }), working(workflow, ended(workflow)))
    },
    "a durable run that is taken over": () => crashing({}),
    "a durable run that kills its process": () => crashing({ maxCrashes: 0 }),
    "a durable run whose claim was lost": () =>
      Effect.gen(function* () {
        const flaky = TestJournal.make(yield* Journal.Journal, ({ number, operation }) =>
          operation === "claim" && number === 0 ? "FailAfter" : undefined
        )
        const late = Effect.andThen(Effect.sleep("10 minutes"), ended(plain))
        yield* Effect.provide(written(plain), Durable.layerClient)
        yield* Effect.provideService(working(plain, late), Journal.Journal, flaky.journal)
      })
  }).map(([name, make]) => [name, Effect.provide(Effect.suspend(make), Journal.layerMemory)])
)
