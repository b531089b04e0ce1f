import * as Effect from "effect/Effect"
import { JournalFailure, TooLarge } from "../../DurableError.ts"
import type { Entry, Flow, NewRun, Shape, StoreChange, Undo } from "../../Journal.ts"

/*
 * The checks of what is given to a journal, before any of it is written. They are the same for all journals, so that a
 * run can move from one to another, and so that one bad value never reaches a batch that others share.
 */

type Refusal = JournalFailure | TooLarge

/** The latest time that a date can show with four digits of the year. */
const lastTime = 253_402_300_799_999

// -----------------------------------------------------------------------------
// values
// -----------------------------------------------------------------------------

/** Databases cannot hold a lone surrogate, and some cannot hold NUL. JSON escapes both, so no payload contains them. */
const isStorable = (text: string | undefined): boolean =>
  text === undefined || (text.isWellFormed() && !text.includes("\0"))

const areStorable = (texts: Iterable<string | undefined>): boolean => {
  for (const text of texts) if (!isStorable(text)) return false
  return true
}

const isCount = (value: number): boolean => Number.isSafeInteger(value) && value >= 0

const isTime = (value: number): boolean => value >= 0 && value <= lastTime

/** The bytes of a text in UTF-8. */
const bytesOf = (text: string): number => {
  let bytes = text.length
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    // Each half of a surrogate pair stands for two of its four bytes.
    if (unit > 0x7f) bytes += unit > 0x7ff && (unit < 0xd800 || unit > 0xdfff) ? 2 : 1
  }
  return bytes
}

/** The bytes of a text, if they are more than the limit. A unit of UTF-16 has at most three. */
const excess = (text: string | undefined, limit: number): number | undefined => {
  if (text === undefined || text.length * 3 <= limit) return undefined
  const bytes = bytesOf(text)
  return bytes > limit ? bytes : undefined
}

// -----------------------------------------------------------------------------
// payloads
// -----------------------------------------------------------------------------

type Payload = readonly [what: string, text: string | undefined]

const ofStore = (changes: ReadonlyArray<StoreChange>): Array<Payload> =>
  changes.map(([key, value]) => [`store key ${JSON.stringify(key)}`, value])

const ofUndo = (undo: ReadonlyArray<Undo>): Array<Payload> =>
  undo.flatMap((row): Array<Payload> => [
    [`payload of state ${row.tag}`, row.entered],
    [`payload after state ${row.tag}`, row.next]
  ])

const ofRun = (run: NewRun): Array<Payload> => [["state", run.state], ...ofStore(run.store), ...ofUndo(run.undo)]

const ofEntry = (entry: Entry): Array<Payload> => {
  const payloads: Array<Payload> = [
    ["state", entry.state],
    ["progress", entry.progress],
    ["outcome", entry.outcome]
  ]
  if (entry.store.length > 0) payloads.push(...ofStore(entry.store))
  if (entry.undo.length > 0) payloads.push(...ofUndo(entry.undo))
  return payloads
}

// -----------------------------------------------------------------------------
// calls
// -----------------------------------------------------------------------------

const isStorableStore = (changes: ReadonlyArray<StoreChange>): boolean => changes.every(areStorable)

const isStorableUndo = (undo: ReadonlyArray<Undo>): boolean =>
  undo.every((row) => isCount(row.transition) && areStorable([row.tag, row.entered, row.next]))

const isStorableRun = (run: NewRun): boolean =>
  areStorable([run.runId, run.workflow, run.fingerprint, run.tag, run.state, run.owner, run.trace]) &&
  areStorable([run.parent?.runId, run.parent?.slot, run.restartedFrom?.runId]) &&
  Object.entries(run.labels).every(areStorable) &&
  isCount(run.transitions) &&
  isTime(run.startIn) &&
  isStorableStore(run.store) &&
  isStorableUndo(run.undo)

const isStorableFlow = (flow: Flow): boolean =>
  areStorable([flow.flowId, flow.trigger, flow.lastRun]) &&
  isTime(flow.anchor) &&
  isTime(flow.lastFire ?? 0) &&
  isCount(flow.version) &&
  isCount(flow.runs) &&
  isCount(flow.failures)

const isStorableWake = (wake: Entry["wake"]): boolean =>
  wake === undefined || wake === "never" || isTime("in" in wake ? wake.in : wake.at)

const isStorableEntry = (entry: Entry): boolean =>
  isStorable(entry.tag) &&
  isStorable(entry.state) &&
  isStorable(entry.fingerprint) &&
  isStorable(entry.waitsFor) &&
  isStorable(entry.progress) &&
  isStorable(entry.errorTag) &&
  isStorable(entry.error) &&
  isStorable(entry.outcome) &&
  isCount(entry.transitions) &&
  isCount(entry.attempt) &&
  isCount(entry.attempts) &&
  isCount(entry.awaitsChildren) &&
  isStorableWake(entry.wake) &&
  isStorableStore(entry.store) &&
  isStorableUndo(entry.undo)

const refusalOf = (
  operation: string,
  runId: string,
  isFit: boolean,
  payloads: ReadonlyArray<Payload>,
  limit: number
): Refusal | undefined => {
  if (!isFit) return new JournalFailure({ operation, reason: "Refused" })
  for (const [what, text] of payloads) {
    const bytes = excess(text, limit)
    if (bytes !== undefined) return new TooLarge({ runId, what, bytes, limit })
  }
  return undefined
}

/** Puts the checks before a journal. */
export const checked = (journal: Shape, limit: number): Shape => {
  const runRefusal = (operation: string, run: NewRun) =>
    refusalOf(operation, run.runId, isStorableRun(run), ofRun(run), limit)
  return {
    ...journal,
    create: (run) => {
      const refusal = runRefusal("create a run", run)
      return refusal === undefined ? journal.create(run) : Effect.fail(refusal)
    },
    append: (entry) => {
      const refusal = refusalOf("append", entry.runId, isStorableEntry(entry), ofEntry(entry), limit)
      return refusal === undefined ? journal.append(entry) : Effect.fail(refusal)
    },
    send: (signal) => {
      const isFit = areStorable([signal.id, signal.name, signal.value])
      const refusal = refusalOf("send a signal", signal.runId, isFit, [["signal", signal.value]], limit)
      return refusal === undefined ? journal.send(signal) : Effect.fail(refusal)
    },
    saveFlow: (flow) =>
      isStorableFlow(flow)
        ? journal.saveFlow(flow)
        : Effect.fail(new JournalFailure({ operation: "save a flow", reason: "Refused" })),
    fire: (fire) => {
      const isFit = isStorableFlow(fire.flow) && isTime(fire.at)
      const refusal = isFit
        ? fire.run && runRefusal("fire a flow", fire.run)
        : new JournalFailure({ operation: "fire a flow", reason: "Refused" })
      return refusal === undefined ? journal.fire(fire) : Effect.fail(refusal)
    }
  }
}
