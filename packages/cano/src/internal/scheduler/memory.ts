import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { JournalFailure, TooLarge } from "../../DurableError.ts"
import type { Flow as Row, NewRun, Shape as Journal } from "../../Journal.ts"
import type { Changes } from "./changes.ts"
import type { LiveFlow } from "./flow.ts"
import type { Change, View } from "./remembered.ts"
import type { WallClock } from "./wallClock.ts"

/** How long to wait for a journal that is away, in milliseconds. */
const patience = 1000

/**
 * What a scheduler keeps of its flows in a journal. Other schedulers may keep the same flows there: a write is refused if
 * one of them has written since the flow was read.
 */
export class Memory {
  readonly journal: Journal
  /** Why the journal cannot be used at present. */
  failure: JournalFailure | undefined = undefined
  private isClosed = false
  private readonly clock: WallClock
  private readonly changes: Changes
  private readonly context: Context.Context<never>

  constructor(options: {
    readonly journal: Journal
    readonly clock: WallClock
    readonly changes: Changes
    readonly context: Context.Context<never>
  }) {
    this.journal = options.journal
    this.clock = options.clock
    this.changes = options.changes
    this.context = options.context
  }

  // ---------------------------------------------------------------------------
  // reading
  // ---------------------------------------------------------------------------

  /** Reads a flow, with the changes that are not written down yet; none if it is not there. */
  look(flow: LiveFlow): Effect.Effect<View | undefined, JournalFailure> {
    return Effect.map(this.journal.flow(flow.id), (row) =>
      Option.isNone(row) ? undefined : flow.remembered!.view(row.value)
    )
  }

  /** Reads a flow, and plans it if that was not done since the start: its trigger is new, or another one than before. */
  recall(flow: LiveFlow): Effect.Effect<View, JournalFailure> {
    return Effect.gen({ self: this }, function* () {
      const remembered = flow.remembered!
      for (;;) {
        const found = yield* this.look(flow)
        const isSame = found?.row.trigger === remembered.trigger
        if (found !== undefined && (isSame || remembered.isPlanned)) {
          remembered.isPlanned = true
          remembered.isSuperseded = !isSame
          this.isBack()
          return found
        }
        const { trigger } = remembered
        const { changes, row } = found ?? remembered.view(newRow(flow.id))
        yield* this.save({ row: { ...row, trigger, anchor: this.clock.read() }, changes }, flow)
      }
    })
  }

  // ---------------------------------------------------------------------------
  // writing
  // ---------------------------------------------------------------------------

  /** Writes a flow down. Tells whether it did: another scheduler may have been faster. */
  private save({ changes, row }: View, flow: LiveFlow): Effect.Effect<boolean, JournalFailure> {
    return Effect.tap(this.journal.saveFlow(row), (isSaved) =>
      Effect.sync(() => {
        if (isSaved) flow.remembered!.written(changes)
      })
    )
  }

  /** Deals with the ticks up to a time, without a run. Tells whether it did. */
  deal(flow: LiveFlow, view: View, until: number): Effect.Effect<boolean, JournalFailure> {
    return Effect.catchTag(this.fire(flow, view, until, undefined), "TooLarge", Effect.die)
  }

  /** Deals with the ticks up to a time, in one step with the run that is given. Tells whether it did. */
  fire(
    flow: LiveFlow,
    { changes, row }: View,
    at: number,
    run: NewRun | undefined
  ): Effect.Effect<boolean, JournalFailure | TooLarge> {
    return Effect.tap(this.journal.fire({ flow: row, at, run }), (isAccepted) =>
      Effect.sync(() => {
        if (isAccepted) flow.remembered!.written(changes)
      })
    )
  }

  /** Remembers a change. It is written down as soon as the journal is there; the effect waits for that. */
  change(flow: LiveFlow, change: Change): Effect.Effect<void> {
    return Effect.suspend(() => {
      flow.remembered!.pending = [...flow.remembered!.pending, change]
      return this.insist(this.flush(flow))
    })
  }

  /** Remembers a change, and writes it down in the background. */
  note(flow: LiveFlow, change: Change): void {
    Effect.runForkWith(this.context)(this.change(flow, change))
  }

  /** Writes down what is not written yet, if the journal answers soon: a stop does not wait for it. */
  flushAll(flows: Iterable<LiveFlow>): Effect.Effect<void> {
    const flushes = Effect.forEach(flows, (flow) => Effect.ignore(this.flush(flow)), { discard: true })
    return Effect.raceFirst(flushes, this.clock.sleep(patience))
  }

  /** Writes down what is not written yet. A flow that was never planned waits for that. */
  flush(flow: LiveFlow): Effect.Effect<void, JournalFailure> {
    return Effect.gen({ self: this }, function* () {
      const remembered = flow.remembered!
      while (remembered.pending.length > 0) {
        const row = Option.getOrUndefined(yield* this.journal.flow(flow.id))
        if (row === undefined) return
        const view = remembered.view(row)
        const dealtUntil = Math.max(...view.changes.map(({ dealtUntil = -1 }) => dealtUntil))
        if (dealtUntil > (row.lastFire ?? -1)) yield* this.deal(flow, view, dealtUntil)
        else if (isEqual(row, view.row)) remembered.written(view.changes)
        else yield* this.save(view, flow)
      }
    })
  }

  // ---------------------------------------------------------------------------
  // a journal that is away
  // ---------------------------------------------------------------------------

  /** Tries again until the journal has answered. */
  insist<A>(effect: Effect.Effect<A, JournalFailure>): Effect.Effect<A> {
    return Effect.matchEffect(effect, {
      onSuccess: (value) => {
        this.isBack()
        return Effect.succeed(value)
      },
      onFailure: (failure) => {
        this.isAway(failure)
        if (this.isClosed) return Effect.interrupt
        return Effect.andThen(this.clock.sleep(patience), this.insist(effect))
      }
    })
  }

  /** Waits for the journal no more. */
  close(): void {
    this.isClosed = true
  }

  private isAway(failure: JournalFailure): void {
    if (this.failure === undefined) {
      this.changes.journalAway(this.clock.read(), failure.reason)
      this.log(Effect.logWarning(`The scheduler holds its ticks. ${failure.message}`))
    }
    this.failure = failure
  }

  private isBack(): void {
    if (this.failure === undefined) return
    this.failure = undefined
    this.changes.journalBack(this.clock.read())
    this.log(Effect.logInfo("The scheduler has its journal back"))
  }

  private log(entry: Effect.Effect<void>): void {
    Effect.runForkWith(this.context)(entry)
  }
}

const newRow = (flowId: string): Row => ({
  flowId,
  version: 0,
  trigger: "",
  anchor: 0,
  lastFire: undefined,
  lastRun: undefined,
  isPaused: false,
  runs: 0,
  failures: 0,
  isTripped: false
})

const isEqual = (one: Row, other: Row): boolean =>
  one.isPaused === other.isPaused &&
  one.runs === other.runs &&
  one.failures === other.failures &&
  one.isTripped === other.isTripped
