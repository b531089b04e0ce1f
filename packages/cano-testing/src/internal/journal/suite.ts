import { assert, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import { TestClock } from "effect/testing"
import * as Journal from "effect-cano/Journal"
import type { Options } from "../../JournalSuite.ts"
import { newRun, rowAfter } from "../../JournalRows.ts"

// -----------------------------------------------------------------------------
// rows
// -----------------------------------------------------------------------------

export const undoOf = (transition: number, changes?: Partial<Journal.Undo>): Journal.Undo => ({
  transition,
  tag: `State${transition}`,
  entered: `{"n":${transition}}`,
  next: undefined,
  outcome: "pending",
  ...changes
})

// -----------------------------------------------------------------------------
// the journal under test
// -----------------------------------------------------------------------------

/** A journal with short cuts for what most tests do. */
export interface Subject extends Journal.Shape {
  /** Creates a run that an owner, `a` by default, runs at once. */
  readonly begin: (runId: string, changes?: Partial<Journal.NewRun>) => Effect.Effect<Journal.Head, unknown>
  readonly head: (runId: string) => Effect.Effect<Journal.Head, unknown>
  readonly loaded: (runId: string) => Effect.Effect<Journal.Loaded, unknown>
  /** Appends a row to the head that is there. */
  readonly write: (runId: string, changes?: Partial<Journal.Entry>) => Effect.Effect<Journal.Entry, unknown>
  readonly history: (runId: string) => Effect.Effect<ReadonlyArray<Journal.Step>, unknown>
}

const subjectOf = (journal: Journal.Shape): Subject => {
  const loaded = (runId: string) =>
    Effect.map(journal.load(runId), (run) =>
      Option.getOrElse(run, () => assert.fail(`run ${JSON.stringify(runId)} is not there`))
    )
  const head = (runId: string) => Effect.map(loaded(runId), (run) => run.head)
  return {
    ...journal,
    loaded,
    head,
    begin: (runId, changes) =>
      Effect.map(journal.create(newRun(runId, { owner: "a", ...changes })), (created) => created.head),
    write: (runId, changes) =>
      Effect.flatMap(head(runId), (before) => {
        const entry = rowAfter(before, changes)
        return Effect.as(journal.append(entry), entry)
      }),
    history: (runId) => journal.steps({ runId, after: -1, limit: 10_000, payloads: true })
  }
}

/** The journal under test, as a group of tests uses it. */
export interface Suite {
  /** Opens an empty journal. */
  readonly open: Effect.Effect<Subject, unknown, Scope.Scope>
  /** Defines a test with a journal of its own. */
  readonly test: (name: string, body: (journal: Subject) => Effect.Effect<unknown, unknown, Scope.Scope>) => void
  /** As `test`, for a journal that keeps the history. */
  readonly testHistory: Suite["test"]
  /** As `test`, with two journals over the same rows. */
  readonly testPair: (
    name: string,
    body: (one: Subject, other: Subject) => Effect.Effect<unknown, unknown, Scope.Scope>
  ) => void
  readonly advance: (millis: number) => Effect.Effect<void>
  readonly maxPayload: number
  readonly hasHistory: boolean
  readonly runs: number
}

/** The longest test that a busy machine is given, in milliseconds. */
export const patience = 120_000

export const suiteOf = (layer: Layer.Layer<Journal.Journal, unknown>, options: Options = {}): Suite => {
  const { advance = (millis) => TestClock.adjust(millis), hasHistory = true, maxPayload = 4 * 1024 * 1024 } = options
  const open = Effect.map(Layer.build(Layer.fresh(layer)), (context) =>
    subjectOf(Context.get(context, Journal.Journal))
  )
  const pair =
    options.pair === undefined
      ? Effect.map(open, (journal) => [journal, journal] as const)
      : Effect.map(options.pair, ([one, other]) => [subjectOf(one), subjectOf(other)] as const)
  const test: Suite["test"] = (name, body) => it.effect(name, () => Effect.flatMap(open, body), patience)
  return {
    open,
    test,
    // A journal without histories has nothing that these tests could look at: they are told as skipped.
    testHistory: hasHistory ? test : (name, body) => it.effect.skip(name, () => Effect.flatMap(open, body)),
    testPair: (name, body) => it.effect(name, () => Effect.flatMap(pair, ([one, other]) => body(one, other)), patience),
    advance,
    maxPayload,
    hasHistory,
    runs: options.runs ?? 200
  }
}

// -----------------------------------------------------------------------------
// assertions
// -----------------------------------------------------------------------------

/** Expects a failure with a tag, and gives the failure. */
export const failsWith = <A, E, R>(effect: Effect.Effect<A, E, R>, tag: string): Effect.Effect<E, never, R> =>
  Effect.map(Effect.exit(effect), (exit) => {
    const failure = Exit.findErrorOption(exit)
    if (Option.isNone(failure)) return assert.fail(`expected the failure ${tag}, got ${JSON.stringify(exit)}`)
    assert.strictEqual((failure.value as { readonly _tag: string })._tag, tag)
    return failure.value
  })

/** Expects an append that another owner, or the end of the run, has overtaken, and that changed nothing. */
export const conflicts = (journal: Subject, entry: Journal.Entry): Effect.Effect<void, unknown> =>
  Effect.gen(function* () {
    const before = yield* journal.loaded(entry.runId)
    yield* failsWith(journal.append(entry), "Conflict")
    assert.deepStrictEqual(yield* journal.loaded(entry.runId), before)
  })
