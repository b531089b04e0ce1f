/**
 * A journal with faults: it stands before any other one, and fails, hangs, doubles or spoils the calls that a plan names.
 *
 * With it a test shows how its workflows, or a worker of its own, behave when the journal is away, when an answer is
 * lost, or when the process ends between two rows.
 *
 * 1. A call without a fault is the call of the journal behind.
 * 2. After {@link TestJournal.cutOff} no call reaches the journal behind: for the journal, the process is dead.
 * 3. Between {@link TestJournal.freeze} and {@link TestJournal.thaw} calls wait. Then they go on, as those of a process
 *    that was stopped and continued.
 *
 * @example
 * ```ts
 * import { Durable, Journal } from "effect-cano"
 * import { TestJournal } from "effect-cano-testing"
 * import * as Effect from "effect/Effect"
 * import * as Layer from "effect/Layer"
 *
 * const program = Effect.gen(function* () {
 *   const journal = yield* Journal.Journal
 *   // the answer to the second append is lost
 *   const flaky = TestJournal.make(journal, ({ number, operation }) =>
 *     operation === "append" && number === 1 ? "FailAfter" : undefined
 *   )
 *   const worker = Durable.layer().pipe(Layer.provide(TestJournal.layer(flaky)))
 *   return worker
 * }).pipe(Effect.provide(Journal.layerMemory))
 * ```
 *
 * @since 0.1.0
 */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { JournalFailure } from "effect-cano/DurableError"
import * as Journal from "effect-cano/Journal"

// -----------------------------------------------------------------------------
// models
// -----------------------------------------------------------------------------

/**
 * The operations of a journal that take part in a plan: all but the hints.
 *
 * @category models
 * @since 0.1.0
 */
export type Operation = Exclude<keyof Journal.Shape, "hints">

/**
 * A call, as a plan sees it.
 *
 * @category models
 * @since 0.1.0
 */
export interface Call {
  readonly operation: Operation
  /** The number of the call among those of its operation, from 0. */
  readonly number: number
  /** The entry of an append, the claim of a claim, and so on; `undefined` for `workers`. */
  readonly argument: unknown
}

/**
 * What goes wrong with a call.
 *
 * - `FailBefore`: it fails as `Unavailable`, and does nothing.
 * - `FailAfter`: it is done, and fails as `Unavailable`: the answer is lost.
 * - `HangBefore`: it does nothing, and never ends.
 * - `HangAfter`: it is done, and never ends.
 * - `Twice`: it is done twice, and gives the second answer.
 * - `CutOffBefore`: it does nothing, and the process is dead from then on.
 * - `CutOffAfter`: it is done, and the process is dead from then on.
 * - `delay`: it is done after a time.
 * - `corrupt`: the payloads in its answer are changed. For `claim` and `load`.
 *
 * @category models
 * @since 0.1.0
 */
export type Fault =
  | "FailBefore"
  | "FailAfter"
  | "HangBefore"
  | "HangAfter"
  | "Twice"
  | "CutOffBefore"
  | "CutOffAfter"
  | { readonly delay: Duration.Input }
  | { readonly corrupt: (payload: string, what: "state" | "store" | "undo" | "progress" | "outcome") => string }

/**
 * Gives the fault of a call, if it has one.
 *
 * @category models
 * @since 0.1.0
 */
export type Plan = (call: Call) => Fault | undefined

/**
 * The options of a journal with faults.
 *
 * @category models
 * @since 0.1.0
 */
export interface Options {
  /** What calls do after the process is cut off: fail as `Unavailable`, or never end. Default `"fail"`. */
  readonly whenCutOff?: "fail" | "hang" | undefined
  /** Called after each call that the journal behind has answered, before the caller gets the answer. */
  readonly onDone?: ((call: Call) => void) | undefined
}

/**
 * A journal with faults, and its controls. A test makes one for each process that it stands for.
 *
 * @category models
 * @since 0.1.0
 */
export interface TestJournal {
  /** To give to a worker. */
  readonly journal: Journal.Shape
  /** The calls of an operation so far. */
  readonly calls: (operation: Operation) => number
  /** The process is dead: no call reaches the journal any more. */
  readonly cutOff: Effect.Effect<void>
  /** Waits until the process is cut off. */
  readonly whenCutOff: Effect.Effect<void>
  readonly isCutOff: () => boolean
  /** The process stands still: calls wait, before and after the journal does them. */
  readonly freeze: Effect.Effect<void>
  /** The process goes on. */
  readonly thaw: Effect.Effect<void>
}

// -----------------------------------------------------------------------------
// constructors
// -----------------------------------------------------------------------------

/**
 * Puts faults before a journal. Without a plan it only counts calls, and can be cut off or frozen.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (journal: Journal.Shape, plan: Plan = () => undefined, options: Options = {}): TestJournal => {
  const counts = new Map<Operation, number>()
  const thawed = Latch.makeUnsafe(true)
  const cut = Latch.makeUnsafe(false)
  let isCut = false
  const cutOff = Effect.suspend(() => {
    isCut = true
    return cut.open
  })

  const call = (operation: Operation, argument: unknown, inner: Effect.Effect<any, any>): Effect.Effect<any, any> =>
    Effect.suspend(() => {
      const number = counts.get(operation) ?? 0
      counts.set(operation, number + 1)
      const made: Call = { operation, number, argument }
      const failed = Effect.suspend(() => Effect.fail(new JournalFailure({ operation, reason: "Unavailable" })))
      const dead = options.whenCutOff === "hang" ? Effect.never : failed
      // A dead process does nothing; whoever waited for an answer when it died never gets it.
      const alive = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
        Effect.andThen(
          thawed.await,
          Effect.suspend((): Effect.Effect<A, any, R> => (isCut ? dead : effect))
        )
      const done = Effect.tap(alive(inner), () => Effect.sync(() => options.onDone?.(made)))
      const answered = Effect.flatMap(done, (answer) => alive(Effect.succeed(answer)))
      if (isCut) return alive(dead)
      const fault = plan(made)
      switch (fault) {
        case undefined:
          return answered
        case "FailBefore":
          return alive(failed)
        case "FailAfter":
          return Effect.andThen(answered, failed)
        case "HangBefore":
          return Effect.never
        case "HangAfter":
          return Effect.andThen(answered, Effect.never)
        case "Twice":
          return Effect.andThen(done, answered)
        case "CutOffBefore":
          return Effect.andThen(cutOff, dead)
        case "CutOffAfter":
          return Effect.andThen(Effect.andThen(done, cutOff), dead)
      }
      if ("delay" in fault) return Effect.delay(answered, fault.delay)
      return Effect.map(answered, (answer) => corrupted(operation, answer, fault.corrupt))
    })

  const wrapped: Record<string, unknown> = {
    hints: journal.hints,
    workers: call("workers", undefined, journal.workers)
  }
  for (const operation of operations)
    wrapped[operation] = (argument: unknown, ...more: ReadonlyArray<unknown>) =>
      call(
        operation,
        argument,
        Effect.suspend(() =>
          (journal[operation] as (...args: ReadonlyArray<unknown>) => Effect.Effect<any, any>)(argument, ...more)
        )
      )
  return {
    journal: wrapped as unknown as Journal.Shape,
    calls: (operation) => counts.get(operation) ?? 0,
    cutOff: Effect.asVoid(cutOff),
    whenCutOff: cut.await,
    isCutOff: () => isCut,
    freeze: Effect.asVoid(thawed.close),
    thaw: Effect.asVoid(thawed.open)
  }
}

// -----------------------------------------------------------------------------
// layers
// -----------------------------------------------------------------------------

/**
 * Gives a journal with faults to workers.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (self: TestJournal): Layer.Layer<Journal.Journal> => Layer.succeed(Journal.Journal, self.journal)

// -----------------------------------------------------------------------------
// internals
// -----------------------------------------------------------------------------

const operations: ReadonlyArray<Exclude<Operation, "workers">> = [
  "create",
  "claim",
  "append",
  "release",
  "beat",
  "leave",
  "send",
  "signals",
  "cancel",
  "heads",
  "load",
  "steps",
  "list",
  "remove",
  "define",
  "definitions",
  "flow",
  "saveFlow",
  "fire"
]

type Corrupt = Extract<Fault, { readonly corrupt: unknown }>["corrupt"]

const corrupted = (operation: Operation, answer: unknown, corrupt: Corrupt): unknown => {
  if (operation === "load") return Option.map(answer as Option.Option<Journal.Loaded>, (run) => spoilt(run, corrupt))
  if (operation !== "claim") return answer
  const claimed = answer as Journal.Claimed
  return { ...claimed, runs: claimed.runs.map((run) => spoilt(run, corrupt)) }
}

const spoilt = (run: Journal.Loaded, corrupt: Corrupt): Journal.Loaded => ({
  ...run,
  state: corrupt(run.state, "state"),
  store: run.store.map(([key, value]) => [key, corrupt(value, "store")]),
  undo: run.undo.map((undo) => ({
    ...undo,
    entered: corrupt(undo.entered, "undo"),
    next: undo.next === undefined ? undefined : corrupt(undo.next, "undo")
  })),
  progress: run.progress === undefined ? undefined : corrupt(run.progress, "progress"),
  outcome: run.outcome === undefined ? undefined : corrupt(run.outcome, "outcome")
})
