/**
 * The memory of durable runs: a small service of rows, strings in and strings out.
 *
 * `Durable` runs workflows on a journal. {@link layerMemory} forgets with the process; `SqliteJournal` of
 * `effect-cano-node` keeps a file. To write another one, keep the promises below; the `journalSuite` of
 * `effect-cano-testing` has a section for each.
 *
 * - **J1** What a call has answered is durable: an {@link Entry} with its state, store, signals, undo and wake-up is one
 *   commit. A call that failed or was interrupted did all or nothing.
 * - **J2** The fence. A claim raises it. An append is accepted only from the owner of a running run, with the fence of
 *   its claim and the sequence after the head; else it is a {@link Conflict} and changes nothing.
 * - **J3** An append that repeats the latest row (the same owner, fence and sequence) succeeds and changes nothing: its
 *   first answer was lost.
 * - **J4** {@link Shape.steps} are contiguous from row 0, which {@link Shape.create} writes, in order, and never change.
 * - **J5** Reads see the writes that were answered before.
 * - **J6** Runs are isolated: no id, name or payload touches another run, whatever its characters.
 * - **J7** Failures are typed and never thrown. One entry that cannot be written fails alone. A string with NUL or a lone
 *   surrogate, a negative or fractional count, and a time outside 1970 to 9999 are `Refused`; a payload above the
 *   journal's limit is {@link TooLarge}. {@link checked} does these checks. Fractions of a millisecond are rounded up.
 * - **J8** A run is created once: a second {@link Shape.create} with its id gives the run as it is.
 * - **J9** A claim takes what is due (`ready`, `waiting`, `retrying`), and what a dead owner left `running`, of the
 *   given fingerprints only. No two claims take the same run. An owner is dead that never beat, or whose latest beat is
 *   more than `staleAfter` away, in the past or in the future; the claiming owner itself is not. The claim of a dead
 *   owner's run counts a crash; above `maxCrashes` the run ends as `failed` with the error tag `ProcessDied`, and is not
 *   given.
 * - **J10** A signal is accepted once for an id, as long as the run exists: a repeated one is a `Duplicate`, even after
 *   the end of the run. A signal is taken by at most one append; an append that takes one which is not there, or was
 *   taken, is `Refused`. An accepted signal wakes a run that waits for its name. No wake is lost: an append that goes to
 *   wait with an `inbox` older than the row's becomes `ready` at once, and keeps its `deadline` and `waitsFor`.
 * - **J11** A due time is judged by the journal's own clock; a run is never claimed early.
 * - **J12** The first end wins: an ended run never changes again. A cancellation ends a run at once that is not
 *   `running`, has no pending undo row and no child that lives. Otherwise it is a request: the flag is set, the `inbox`
 *   moves, and a run that rests is `ready`; its owner sees the request. A second request changes nothing. A row by which such a
 *   run would go to rest, other than to wait for its children, leaves it `ready`.
 * - **J13** The end of a child moves the `inbox` of its parent in the same commit. A parent that waits for the ends of n
 *   children is `ready` with the n-th.
 * - **J14** A fire of a flow is accepted once: only a time after the flow's last fire, together with the run it starts.
 *   {@link Shape.saveFlow} never sets the last fire back. Both are refused if the flow has changed since its `version`
 *   was read, so of several schedulers none undoes what another has written.
 * - **J15** Lists read no payload, and no call holds a statement open between two pages.
 * - **J16** Removal takes ended runs only, with all that belongs to them and with their ended children, in slices. A run
 *   whose parent has not ended stays: the parent may still read it.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Option from "effect/Option"
import type * as Stream from "effect/Stream"
import type { Conflict, JournalFailure, TooLarge, UnknownRun } from "./DurableError.ts"
import * as checks from "./internal/journal/checks.ts"
import { makeMemory } from "./internal/journal/memory.ts"

// -----------------------------------------------------------------------------
// models
// -----------------------------------------------------------------------------

/**
 * Where a run stands.
 *
 * - `ready`: a worker may run it now.
 * - `running`: a worker owns it.
 * - `waiting`: it sleeps, or waits for a signal or for its children.
 * - `retrying`: it waits for the next attempt of its state.
 * - `done`, `failed`, `cancelled`: it has ended.
 *
 * @category models
 * @since 0.1.0
 */
export type Status = "ready" | "running" | "waiting" | "retrying" | "done" | "failed" | "cancelled"

/**
 * The head of a run: all that is known of it but its payloads. Times are milliseconds since 1970, by the journal's clock.
 *
 * @category models
 * @since 0.1.0
 */
export interface Head {
  readonly runId: string
  readonly workflow: string
  /** The version of the workflow that the run's state belongs to. */
  readonly fingerprint: string
  readonly status: Status
  /** `compensating` from the moment when compensations begin. */
  readonly phase: "forward" | "compensating"
  /** The tag of the present state. */
  readonly tag: string
  /** The number of the latest row: 0 when the run is created, one more with each append. */
  readonly sequence: number
  /** The states that the run has left. */
  readonly transitions: number
  /** The claims so far. A run that is created with an owner begins with 1. */
  readonly fence: number
  /** The worker that runs the run, while it is `running`. */
  readonly owner: string | undefined
  /** Counts all that may wake the run: signals, ends of children, cancellation. */
  readonly inbox: number
  /** The attempt of the present state, from 1. */
  readonly attempt: number
  /** The signal that the run waits for. */
  readonly waitsFor: string | undefined
  /** The end of the present wait, until the next row; none if it has no end. */
  readonly deadline: number | undefined
  /** When the run may be claimed; none for a run that is running or has ended, or that waits without end. */
  readonly wakeAt: number | undefined
  /** The workers that died with the run since its latest append. */
  readonly crashes: number
  readonly isCancelRequested: boolean
  /** The tag of the failure of a `failed` run, or of the latest attempt of a `retrying` one. */
  readonly errorTag: string | undefined
  /** What an operator reads of that failure: at most 4,096 characters. */
  readonly error: string | undefined
  /** Accepted signals that no state has taken. */
  readonly unreadSignals: number
  readonly parent: Parent | undefined
  readonly restartedFrom: Origin | undefined
  readonly labels: Readonly<Record<string, string>>
  /** The trace that the run began in, as a W3C `traceparent`. */
  readonly trace: string | undefined
  readonly createdAt: number
  readonly updatedAt: number
  readonly endedAt: number | undefined
}

/**
 * The run that started a run, and for which of its parts.
 *
 * @category models
 * @since 0.1.0
 */
export interface Parent {
  readonly runId: string
  /** Names the part of the parent: its transition, branch and attempt. */
  readonly slot: string
}

/**
 * The step of another run that a run was restarted from.
 *
 * @category models
 * @since 0.1.0
 */
export interface Origin {
  readonly runId: string
  readonly sequence: number
}

/**
 * A change of a store: the encoded value of a key, or `undefined` for a removed key.
 *
 * @category models
 * @since 0.1.0
 */
export type StoreChange = readonly [key: string, value: string | undefined]

/**
 * A state that has to be compensated if the run fails.
 *
 * @category models
 * @since 0.1.0
 */
export interface Undo {
  /** The transition that entered the state. The first state has 0. */
  readonly transition: number
  readonly tag: string
  /** The payload of the state as it was entered. */
  readonly entered: string
  /** The payload of the state after it; none while the state is in flight. */
  readonly next: string | undefined
  /** Whether the compensation has run, and how it ended. */
  readonly outcome: "pending" | "done" | "failed"
}

/**
 * A run to create.
 *
 * @category models
 * @since 0.1.0
 */
export interface NewRun {
  readonly runId: string
  readonly workflow: string
  readonly fingerprint: string
  readonly tag: string
  /** The payload of the initial state. */
  readonly state: string
  /** The worker that runs the run at once; none for a run that waits to be claimed. */
  readonly owner: string | undefined
  /** Milliseconds from now before which the run is not claimed. */
  readonly startIn: number
  readonly labels: Readonly<Record<string, string>>
  readonly parent: Parent | undefined
  readonly restartedFrom: Origin | undefined
  readonly trace: string | undefined
  readonly transitions: number
  readonly store: ReadonlyArray<StoreChange>
  readonly undo: ReadonlyArray<Undo>
}

/**
 * A run with its payloads.
 *
 * @category models
 * @since 0.1.0
 */
export interface Loaded {
  readonly head: Head
  /** The payload of the present state. */
  readonly state: string
  readonly store: ReadonlyArray<readonly [key: string, value: string]>
  /** In the order of transitions. */
  readonly undo: ReadonlyArray<Undo>
  /** What the state in flight has kept of its progress: attempts, for one. */
  readonly progress: string | undefined
  /** The payload of the failure that a `failed` run ended with. */
  readonly outcome: string | undefined
}

/**
 * When a run that waits may be claimed: after a time, at a time, or never by time alone.
 *
 * @category models
 * @since 0.1.0
 */
export type Wake = { readonly in: number } | { readonly at: number } | "never"

/**
 * One row of a run, and the head it leads to.
 *
 * @category models
 * @since 0.1.0
 */
export interface Entry {
  readonly runId: string
  readonly owner: string
  readonly fence: number
  /** One more than the head's. */
  readonly sequence: number
  /** The `inbox` that the owner has seen. */
  readonly inbox: number
  /** `ready` hands the run over to any worker. */
  readonly status: Status
  readonly phase: "forward" | "compensating"
  readonly tag: string
  /** The payload of the present state; `undefined` if the run stays in its state. */
  readonly state: string | undefined
  readonly fingerprint: string
  readonly transitions: number
  readonly attempt: number
  /** For `waiting` and `retrying`. */
  readonly wake: Wake | undefined
  /** The name of the signal that the run waits for. */
  readonly waitsFor: string | undefined
  /** The ends of children that the run waits for; 0 if it waits for none. */
  readonly awaitsChildren: number
  readonly store: ReadonlyArray<StoreChange>
  /** The ids of the signals that this row takes. */
  readonly signals: ReadonlyArray<string>
  /** The undo rows that are new or have changed. */
  readonly undo: ReadonlyArray<Undo>
  /** `undefined` forgets it. */
  readonly progress: string | undefined
  readonly errorTag: string | undefined
  readonly error: string | undefined
  readonly outcome: string | undefined
  /** The attempts that the state took, for a history. */
  readonly attempts: number
}

/**
 * A row of a run's history.
 *
 * @category models
 * @since 0.1.0
 */
export interface Step {
  readonly sequence: number
  readonly at: number
  readonly fence: number
  /** The worker that wrote the row; none for rows of the journal itself. */
  readonly owner: string | undefined
  /** The status that was written: `waiting`, even if a signal in the same moment made the run `ready`. */
  readonly status: Status
  readonly phase: "forward" | "compensating"
  /** The state that the row leaves the run in. */
  readonly tag: string
  /** The state before, if the row is a transition. */
  readonly from: string | undefined
  readonly transitions: number
  readonly attempts: number
  readonly signals: ReadonlyArray<string>
  readonly wakeAt: number | undefined
  readonly waitsFor: string | undefined
  readonly errorTag: string | undefined
  readonly error: string | undefined
  /** The payload of the state, if it was asked for and the row changed it. */
  readonly state: string | undefined
  /** The store changes, if payloads were asked for. */
  readonly store: ReadonlyArray<StoreChange>
}

/**
 * What a worker tells with each claim.
 *
 * @category models
 * @since 0.1.0
 */
export interface Claim {
  readonly owner: string
  /** Takes at most so many runs. */
  readonly limit: number
  readonly fingerprints: ReadonlyArray<string>
  /** Takes these runs only, if given. They still have to be due. */
  readonly runIds: ReadonlyArray<string> | undefined
  /** An owner whose latest beat is older, in milliseconds, is dead. */
  readonly staleAfter: number
  readonly maxCrashes: number
}

/**
 * @category models
 * @since 0.1.0
 */
export interface Claimed {
  /** The journal's clock at the claim. */
  readonly now: number
  /** Oldest due time first, then by id. A run of a dead owner is due since its last change. */
  readonly runs: ReadonlyArray<Loaded>
  /** Milliseconds until the next run of these fingerprints is due, chosen or not; none if none waits for a time. */
  readonly nextDueIn: number | undefined
  /** The runs that this claim has ended, since they killed too many workers. */
  readonly died: ReadonlyArray<Head>
}

/**
 * What a worker tells with each beat. The rest is for whoever looks.
 *
 * @category models
 * @since 0.1.0
 */
export interface Worker {
  readonly owner: string
  readonly host: string
  readonly version: string
  readonly concurrency: number
  readonly fingerprints: ReadonlyArray<string>
  readonly isDraining: boolean
}

/**
 * The answer to a beat: the runs that the journal holds for the worker.
 *
 * @category models
 * @since 0.1.0
 */
export interface Owned {
  readonly runId: string
  readonly fence: number
  readonly isCancelRequested: boolean
}

/**
 * A signal to a run.
 *
 * @category models
 * @since 0.1.0
 */
export interface Sent {
  readonly runId: string
  readonly id: string
  readonly name: string
  readonly value: string
}

/**
 * A version of a workflow, drawn and described, so that its runs can be read without its code.
 *
 * @category models
 * @since 0.1.0
 */
export interface Definition {
  readonly workflow: string
  readonly fingerprint: string
  /** JSON of states, edges and waits. */
  readonly graph: string
  /** JSON of the schema of the states. */
  readonly schema: string
}

/**
 * Selects runs. All conditions hold at once.
 *
 * @category models
 * @since 0.1.0
 */
export interface Query {
  readonly workflow?: string | undefined
  readonly fingerprint?: string | undefined
  readonly status?: ReadonlyArray<Status> | undefined
  /** The state of a run. A run that is `running` is not found by its state. */
  readonly tag?: string | undefined
  readonly errorTag?: string | undefined
  readonly labels?: Readonly<Record<string, string>> | undefined
  readonly parent?: string | undefined
  readonly createdAfter?: number | undefined
  readonly createdBefore?: number | undefined
  /** 1 to 1,000; default 100. */
  readonly limit?: number | undefined
  /** The `next` of the page before. */
  readonly after?: string | undefined
}

/**
 * A page of runs, newest first.
 *
 * @category models
 * @since 0.1.0
 */
export interface Page {
  readonly runs: ReadonlyArray<Head>
  readonly next: string | undefined
}

/**
 * Selects ended runs to remove: by id, or by status and age.
 *
 * @category models
 * @since 0.1.0
 */
export type Removal =
  | { readonly runIds: ReadonlyArray<string> }
  | {
      readonly workflow?: string | undefined
      readonly status: ReadonlyArray<"done" | "failed" | "cancelled">
      /** Milliseconds since the end. */
      readonly endedFor: number
      /** At most so many runs in this call, those that ended first. Their children come on top. */
      readonly limit: number
    }

/**
 * What a scheduler remembers of a flow.
 *
 * @category models
 * @since 0.1.0
 */
export interface Flow {
  readonly flowId: string
  /** Counts the accepted saves and fires. A flow that is not there has 0. */
  readonly version: number
  /** Describes the trigger. A flow whose trigger has changed is planned anew. */
  readonly trigger: string
  /** When the trigger was planned. Its ticks are counted from here. */
  readonly anchor: number
  /** The ticks up to this time are dealt with: they have started a run, or will start none. */
  readonly lastFire: number | undefined
  /** The durable run that was started last, by a tick. */
  readonly lastRun: string | undefined
  readonly isPaused: boolean
  readonly runs: number
  /** Failures in a row. */
  readonly failures: number
  readonly isTripped: boolean
}

/**
 * @category models
 * @since 0.1.0
 */
export type SendAnswer = "Accepted" | "Duplicate" | "RunEnded" | "UnknownRun"

/**
 * `Cancelled`: the run has ended now. `Requested`: its worker has to end it. `AlreadyEnded`: it had ended before.
 *
 * @category models
 * @since 0.1.0
 */
export type CancelAnswer = "Cancelled" | "Requested" | "AlreadyEnded" | "UnknownRun"

// -----------------------------------------------------------------------------
// service
// -----------------------------------------------------------------------------

/**
 * The operations of a journal.
 *
 * @category models
 * @since 0.1.0
 */
export interface Shape {
  /** Creates a run, or gives the run that has the id. `input` is the payload that the run was created with. */
  readonly create: (
    run: NewRun
  ) => Effect.Effect<
    { readonly isCreated: boolean; readonly head: Head; readonly input: string },
    JournalFailure | TooLarge
  >
  readonly claim: (claim: Claim) => Effect.Effect<Claimed, JournalFailure>
  /** Writes a row. Calls that come together share a commit. */
  readonly append: (
    entry: Entry
  ) => Effect.Effect<
    { readonly inbox: number; readonly isCancelRequested: boolean },
    Conflict | UnknownRun | TooLarge | JournalFailure
  >
  /** Gives a running run back, as `ready` and without a row, if the owner still has it. */
  readonly release: (run: {
    readonly runId: string
    readonly owner: string
    readonly fence: number
  }) => Effect.Effect<boolean, JournalFailure>
  /** Tells that a worker lives, and gives the runs that it owns. A worker that ends says so with {@link Shape.leave}. */
  readonly beat: (worker: Worker) => Effect.Effect<ReadonlyArray<Owned>, JournalFailure>
  /** Forgets a worker. What it still owns is `ready`, as after {@link Shape.release}, and counts no crash. */
  readonly leave: (owner: string) => Effect.Effect<void, JournalFailure>
  readonly workers: Effect.Effect<ReadonlyArray<Worker & { readonly seenAt: number }>, JournalFailure>
  readonly send: (signal: Sent) => Effect.Effect<SendAnswer, JournalFailure | TooLarge>
  /** Gives the signals of a name that no row has taken, oldest first, and the `inbox` at that moment. */
  readonly signals: (
    runId: string,
    name: string
  ) => Effect.Effect<
    { readonly inbox: number; readonly signals: ReadonlyArray<{ readonly id: string; readonly value: string }> },
    JournalFailure
  >
  readonly cancel: (request: { readonly runId: string }) => Effect.Effect<CancelAnswer, JournalFailure>
  /** Gives the heads of the runs that exist, in any order. */
  readonly heads: (runIds: ReadonlyArray<string>) => Effect.Effect<ReadonlyArray<Head>, JournalFailure>
  readonly load: (runId: string) => Effect.Effect<Option.Option<Loaded>, JournalFailure>
  /** Gives at most `limit` rows after a sequence: after -1 from the first. */
  readonly steps: (page: {
    readonly runId: string
    readonly after: number
    readonly limit: number
    readonly payloads: boolean
  }) => Effect.Effect<ReadonlyArray<Step>, JournalFailure>
  readonly list: (query: Query) => Effect.Effect<Page, JournalFailure>
  /** Removes ended runs with their ended children, and gives the number of all. */
  readonly remove: (removal: Removal) => Effect.Effect<number, JournalFailure>
  /** Remembers a version of a workflow. */
  readonly define: (definition: Definition) => Effect.Effect<void, JournalFailure>
  readonly definitions: (workflow: string | undefined) => Effect.Effect<ReadonlyArray<Definition>, JournalFailure>
  readonly flow: (flowId: string) => Effect.Effect<Option.Option<Flow>, JournalFailure>
  /** Saves a flow, unless it has another version by now. The saved version is one more. */
  readonly saveFlow: (flow: Flow) => Effect.Effect<boolean, JournalFailure>
  /**
   * Accepts a fire that is later than the flow's last one, saves the flow, and creates the run, if one is given, with it.
   * A flow that has another version by now is refused. The saved version is one more.
   */
  readonly fire: (fire: {
    readonly flow: Flow
    readonly at: number
    readonly run: NewRun | undefined
  }) => Effect.Effect<boolean, JournalFailure | TooLarge>
  /** Tells of runs that may be claimed or have ended. Hints may be lost: nothing needs them to be right. */
  readonly hints: Stream.Stream<string>
}

/**
 * The journal of the context.
 *
 * @category services
 * @since 0.1.0
 */
export class Journal extends Context.Service<Journal, Shape>()("effect-cano/Journal") {}

// -----------------------------------------------------------------------------
// combinators
// -----------------------------------------------------------------------------

/**
 * Puts the checks of **J7** before a journal: what cannot be written is refused before the journal sees it. `limit` is
 * the largest payload, in bytes of UTF-8.
 *
 * @category combinators
 * @since 0.1.0
 */
export const checked: (journal: Shape, limit: number) => Shape = checks.checked

/**
 * Keeps rows in memory: for tests, and to try durable runs. Each build of the layer is a new journal.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerMemory: Layer.Layer<Journal> = Layer.fresh(Layer.effect(Journal, makeMemory))
