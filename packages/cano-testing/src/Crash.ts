/**
 * Crashes: runs a workflow durably, kills its process everywhere, resumes it, and compares with a run that was not killed.
 *
 * {@link crashEverywhere} kills the process before and after each row that it writes, and in the middle of each task
 * after an effect that the task has noted with {@link effect}. A second process resumes the run. Then:
 *
 * 1. The run ends as the run that was not killed: with the same exit or failure, in the same state, with the same store.
 * 2. The effects of states that were left before the crash are made exactly once.
 * 3. Those of the state in flight are made at least once, and those of later states exactly once.
 *
 * Everything happens in the virtual time of `TestClock`, so a test with waits of days takes no longer.
 *
 * @example
 * ```ts
 * import type * as Workflow from "effect-cano/Workflow"
 * import { crashEverywhere, effect } from "effect-cano-testing/Crash"
 * import * as Effect from "effect/Effect"
 *
 * const charge = Effect.as(effect("charge"), "Paid" as const) // a task that notes its effect
 *
 * declare const order: Workflow.Workflow<"Start" | "Paid", "Paid">
 *
 * // in a test of @effect/vitest
 * const program = crashEverywhere(order)
 * ```
 *
 * @since 0.1.0
 */
import { assert } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import * as Durable from "effect-cano/Durable"
import type { JournalFailure } from "effect-cano/DurableError"
import * as Journal from "effect-cano/Journal"
import type * as Workflow from "effect-cano/Workflow"
import { inVirtualTime } from "./Runs.ts"
import * as TestJournal from "./TestJournal.ts"

// -----------------------------------------------------------------------------
// models
// -----------------------------------------------------------------------------

/**
 * The place where a process dies: before or after its n-th row, or after the n-th effect that its tasks note. Numbers
 * begin with 0 in each process.
 *
 * @category models
 * @since 0.1.0
 */
export interface Point {
  readonly at: "before row" | "after row" | "after effect"
  readonly number: number
}

/**
 * An effect that a task has noted.
 *
 * @category models
 * @since 0.1.0
 */
export interface Noted {
  readonly name: string
  /** The transitions that the run had made. */
  readonly sequence: number
  /** The process that made the effect, from 0. */
  readonly process: number
}

/**
 * What is left of a run after its last process.
 *
 * @category models
 * @since 0.1.0
 */
export interface Remains {
  /** The exit of `Durable.awaitOutcome`, as text. */
  readonly end: string
  readonly status: Journal.Status
  readonly tag: string
  readonly transitions: number
  readonly errorTag: string | undefined
  readonly store: ReadonlyArray<readonly [key: string, value: string]>
  readonly effects: ReadonlyArray<Noted>
  /** The state in flight at each crash, by the transitions before it; `Infinity` for a run that had ended. */
  readonly crashedAt: ReadonlyArray<number>
  /** The points that no process came to. */
  readonly missed: ReadonlyArray<Point>
  /** The rows that the first process wrote, after the first row. */
  readonly rows: number
}

/**
 * The options of a run that is killed.
 *
 * @category models
 * @since 0.1.0
 */
export interface Options<State> {
  readonly state?: State | undefined
  /**
   * Registers the workflow, with the services of its tasks. Called for each process. Default: `Durable.register` alone.
   */
  readonly register?: (() => Layer.Layer<never, JournalFailure, Durable.Durable>) | undefined
  /** Makes the journal of a run. Default: one in memory. */
  readonly journal?: Effect.Effect<Journal.Shape, never, Scope.Scope> | undefined
  /** The options of the workers. Default: `staleAfter` and `poll` 10 minutes, `drain` 0. */
  readonly worker?: Durable.WorkerOptions | undefined
  /** Runs beside each run, in a process of its own that is not killed: sends signals, for one. */
  readonly beside?: ((runId: string) => Effect.Effect<unknown, unknown, Durable.Durable>) | undefined
  /** Called when a row is written, before its worker knows. */
  readonly onRow?: ((row: Journal.Entry) => void) | undefined
  /** Called when a process begins. */
  readonly onProcess?: ((process: number) => void) | undefined
  /** The virtual time in which a run has to end. Default 1 day. */
  readonly time?: Duration.Input | undefined
}

/**
 * What {@link crashEverywhere} has done.
 *
 * @category models
 * @since 0.1.0
 */
export interface Report {
  /** The run that was not killed. */
  readonly uncrashed: Remains
  /** The runs that were killed. */
  readonly crashes: number
}

// -----------------------------------------------------------------------------
// effects
// -----------------------------------------------------------------------------

interface Ledger {
  readonly note: (name: string, sequence: number) => Effect.Effect<void>
}

const Ledger = Context.Reference<Ledger>("effect-cano-testing/Crash/Ledger", {
  defaultValue: () => ({ note: () => Effect.void })
})

/**
 * Notes an effect of a task, and is a place to die. It does nothing where nobody crashes runs.
 *
 * @category effects
 * @since 0.1.0
 */
export const effect = (name: string): Effect.Effect<void> =>
  Effect.flatMap(Ledger, ({ note }) =>
    Effect.flatMap(Effect.serviceOption(Durable.Run), (run) => note(name, Option.isSome(run) ? run.value.sequence : 0))
  )

// -----------------------------------------------------------------------------
// running
// -----------------------------------------------------------------------------

/**
 * Runs a workflow with a process for each point, which dies there, and a last one that does not die. It takes virtual
 * time: run it in `inVirtualTime`.
 *
 * @category running
 * @since 0.1.0
 */
export const crash = <State, Exit, E, R, Initial>(
  workflow: Workflow.Workflow<State, Exit, E, R, Initial>,
  points: ReadonlyArray<Point>,
  options: Options<NoInfer<State>> = {}
): Effect.Effect<Remains> =>
  Effect.scoped(
    Effect.gen(function* () {
      const journal = yield* options.journal ?? memory
      const client = Durable.layerClient.pipe(Layer.provide(Layer.succeed(Journal.Journal, journal)))
      const trial = new Trial(workflow as Workflow.Workflow.Any, journal, options as Options<unknown>)
      const { beside } = options
      yield* Effect.provide(Durable.start(workflow, { runId, state: options.state } as never), client)
      if (beside !== undefined) yield* Effect.forkScoped(Effect.provide(beside(runId), client))
      const missed: Array<Point> = []
      for (const point of points) if (!(yield* trial.process(point))) missed.push(point)
      const end = yield* trial.process(undefined)
      if (typeof end === "boolean") return yield* Effect.die("the last process died")
      const loaded = Option.getOrThrow(yield* journal.load(runId))
      const { errorTag, status, tag, transitions } = loaded.head
      return {
        end: textOf(end),
        status,
        tag,
        transitions,
        errorTag,
        store: loaded.store,
        effects: trial.effects,
        crashedAt: trial.crashedAt,
        missed,
        rows: trial.rows
      }
    })
  ).pipe(Effect.orDie)

/**
 * Kills a workflow everywhere, and compares each time with the run that was not killed. Fails the test at the first
 * difference.
 *
 * **Details**
 *
 * `depth` 2 kills the process that resumes as well, at each of its points: all pairs of crashes. Default 1.
 *
 * @category running
 * @since 0.1.0
 */
export const crashEverywhere = <State, Exit, E, R, Initial>(
  workflow: Workflow.Workflow<State, Exit, E, R, Initial>,
  options: Options<NoInfer<State>> & { readonly depth?: 1 | 2 | undefined } = {}
): Effect.Effect<Report> =>
  Effect.gen(function* () {
    const run = (points: ReadonlyArray<Point>) =>
      Effect.flatten(
        inVirtualTime(
          crash(workflow, points, options),
          Duration.times(Duration.fromInputUnsafe(options.time ?? "1 day"), 4)
        )
      )
    const uncrashed = yield* run([])
    let crashes = 0
    const pointsOf = (remains: Remains) => everywhere(remains.rows, remains.effects.length)
    for (const first of pointsOf(uncrashed)) {
      const once = yield* run([first])
      compare(uncrashed, once, [first])
      crashes++
      if (options.depth !== 2) continue
      for (const second of pointsOf(uncrashed)) {
        const twice = yield* run([first, second])
        compare(uncrashed, twice, [first, second])
        if (twice.missed.length === 0) crashes++
      }
    }
    return { uncrashed, crashes }
  })

/**
 * Lists the places where a process dies that writes so many rows and notes so many effects.
 *
 * @category running
 * @since 0.1.0
 */
export const everywhere = (rows: number, effects: number): ReadonlyArray<Point> => [
  ...Array.from({ length: rows }, (_, number): Point => ({ at: "before row", number })),
  ...Array.from({ length: rows }, (_, number): Point => ({ at: "after row", number })),
  ...Array.from({ length: effects }, (_, number): Point => ({ at: "after effect", number }))
]

/**
 * Compares a run that was killed with the one that was not.
 *
 * @category running
 * @since 0.1.0
 */
export const compare = (uncrashed: Remains, crashed: Remains, points: ReadonlyArray<Point>): void => {
  const place = `killed ${points.map(({ at, number }) => `${at} ${number}`).join(", then ")}`
  const resultOf = ({ end, errorTag, status, store, tag, transitions }: Remains) => ({
    end,
    status,
    tag,
    transitions,
    errorTag,
    store
  })
  assert.deepStrictEqual(resultOf(crashed), resultOf(uncrashed), place)
  const bySequence = (remains: Remains) => {
    const effects = new Map<number, Array<string>>()
    for (const { name, sequence } of remains.effects) effects.set(sequence, [...(effects.get(sequence) ?? []), name])
    return effects
  }
  const made = bySequence(crashed)
  const inFlight = new Set(crashed.crashedAt)
  for (const [sequence, expected] of bySequence(uncrashed)) {
    const effects = made.get(sequence) ?? []
    const hint = `${place}: effects of the state after ${sequence} transitions`
    if (!inFlight.has(sequence)) assert.deepStrictEqual(effects, expected, hint)
    else for (const name of expected) assert.include(effects, name, hint)
    made.delete(sequence)
  }
  assert.deepStrictEqual([...made.keys()], [], `${place}: effects of states that should not have run`)
}

// -----------------------------------------------------------------------------
// internals
// -----------------------------------------------------------------------------

const runId = "crashed"

const memory: Effect.Effect<Journal.Shape, never, Scope.Scope> = Effect.map(
  Layer.build(Journal.layerMemory),
  (context) => Context.get(context, Journal.Journal)
)

/** One run and its processes. */
class Trial {
  readonly effects: Array<Noted> = []
  readonly crashedAt: Array<number> = []
  rows = 0
  private processes = 0
  private readonly workflow: Workflow.Workflow.Any
  private readonly journal: Journal.Shape
  private readonly options: Options<unknown>

  constructor(workflow: Workflow.Workflow.Any, journal: Journal.Shape, options: Options<unknown>) {
    this.workflow = workflow
    this.journal = journal
    this.options = options
  }

  /** Runs a process until it dies at its point, and gives whether it did. Without a point, it gives the end of the run. */
  process(point: Point | undefined): Effect.Effect<boolean | Exit.Exit<unknown, unknown>, unknown> {
    return Effect.gen({ self: this }, function* () {
      const { onProcess, onRow, register, time = "1 day", worker } = this.options
      const number = this.processes++
      onProcess?.(number)
      let notes = 0
      const handle = TestJournal.make(
        this.journal,
        ({ number, operation }) =>
          point === undefined || operation !== "append" || point.number !== number
            ? undefined
            : ({ "before row": "CutOffBefore", "after row": "CutOffAfter", "after effect": undefined } as const)[
                point.at
              ],
        {
          onDone: ({ argument, operation }) => {
            if (operation !== "append") return
            if (number === 0) this.rows++
            onRow?.(argument as Journal.Entry)
          }
        }
      )
      const note = (name: string, sequence: number) =>
        Effect.suspend(() => {
          if (handle.isCutOff()) return Effect.void
          this.effects.push({ name, sequence, process: number })
          return point?.at === "after effect" && point.number === notes++
            ? Effect.andThen(handle.cutOff, Effect.never)
            : Effect.void
        })
      const workflow: any = this.workflow
      const layer = (
        register?.() ?? (Durable.register(workflow) as Layer.Layer<never, JournalFailure, Durable.Durable>)
      ).pipe(Layer.provideMerge(Durable.layer({ ...defaults, ...worker })), Layer.provide(TestJournal.layer(handle)))
      const scope = yield* Scope.make()
      const context = yield* Effect.provideService(Layer.buildWithScope(layer, scope), Ledger, { note })
      const outcome = Effect.exit(Effect.provideContext(Durable.awaitOutcome(workflow, runId), context))
      const ended = yield* Effect.raceFirst(Effect.as(handle.whenCutOff, undefined), outcome).pipe(
        Effect.timeoutOrElse({ duration: time, orElse: () => this.overdue })
      )
      yield* Scope.close(scope, Exit.void)
      if (ended !== undefined) return point === undefined ? ended : false
      const [head] = yield* this.journal.heads([runId])
      this.crashedAt.push(head!.endedAt === undefined ? head!.transitions : Infinity)
      // Nobody lives until the dead process is stale.
      yield* Effect.sleep(
        Duration.sum(Duration.fromInputUnsafe(worker?.staleAfter ?? defaults.staleAfter), Duration.seconds(1))
      )
      return true
    })
  }

  private get overdue(): Effect.Effect<never> {
    return Effect.flatMap(Effect.orDie(this.journal.heads([runId])), ([head]) =>
      Effect.die(`the run has not ended: ${JSON.stringify(head)}`)
    )
  }
}

const defaults = { staleAfter: "10 minutes", poll: "10 minutes", drain: 0 } as const

const textOf = (exit: Exit.Exit<unknown, unknown>): string =>
  Exit.isSuccess(exit)
    ? `success ${JSON.stringify(exit.value)}`
    : `failure ${exit.cause.reasons.map((reason) => (Cause.isFailReason(reason) ? failureText(reason.error) : Cause.isDieReason(reason) ? `defect ${String(reason.defect)}` : "interruption")).join(", ")}`

const failureText = (error: unknown): string => {
  const { _tag, message } = (error ?? {}) as { readonly _tag?: unknown; readonly message?: unknown }
  return typeof _tag === "string" ? `${_tag} ${typeof message === "string" ? message : ""}` : String(error)
}
