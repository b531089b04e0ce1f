import { isDeepStrictEqual } from "node:util"
import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Journal from "effect-cano/Journal"
import { claimOf, newRun, rowAfter, workerOf } from "../../JournalRows.ts"
import { patience, type Subject, type Suite, undoOf } from "./suite.ts"
import { type Random, random, replay } from "../../Seed.ts"

/*
 * Random histories. Each operation is given to the journal under test and to the memory journal, at the same time of
 * the same clock, and the answers are compared. At the end all rows are.
 */

const runIds = ["a", "b", "c", "d", "e", "f"]
const owners = ["v", "w", "x"]
const names = ["go", "stop"]
const fingerprints = ["f1", "f2"]

/** An operation, as it is printed, and as it is done on a journal. */
interface Operation {
  readonly text: string
  readonly run: (journal: Journal.Shape) => Effect.Effect<unknown>
}

const operation = <A, E>(
  name: string,
  argument: unknown,
  run: (journal: Journal.Shape) => Effect.Effect<A, E>
): Operation => ({
  text: `${name}(${JSON.stringify(argument)})`,
  run: (journal) => Effect.map(Effect.exit(run(journal)), outcomeOf)
})

/** An exit without the words that an implementation chooses. */
const outcomeOf = <A, E>(exit: Exit.Exit<A, E>): unknown => {
  if (Exit.isSuccess(exit)) return neutral(exit.value)
  const failure = Option.getOrThrow(Exit.findErrorOption(exit)) as { readonly _tag: string; readonly reason?: string }
  return { failed: failure._tag, reason: failure.reason }
}

/** A value without cursors, and without the sentence about a run whose workers died. */
const neutral = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(neutral)
  if (typeof value !== "object" || value === null) return value
  const isWorded = "errorTag" in value && value.errorTag === "ProcessDied"
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => {
      if ((key === "next" && "runs" in value) || (key === "error" && isWorded)) return [key, item !== undefined]
      return [key, neutral(item)]
    })
  )
}

// -----------------------------------------------------------------------------
// choices
// -----------------------------------------------------------------------------

const some = <A>({ chance }: Random, items: ReadonlyArray<A>, probability: number): Array<A> =>
  items.filter(() => chance(probability))

const randomStore = (choices: Random): ReadonlyArray<Journal.StoreChange> =>
  some(choices, ["k", "l", "m"], 0.2).map(
    (key) => [key, choices.chance(0.3) ? undefined : `${choices.int(9)}`] as const
  )

const randomUndo = (choices: Random): ReadonlyArray<Journal.Undo> =>
  some(choices, [0, 1], 0.1).map((transition) =>
    undoOf(transition, {
      outcome: choices.pick(["pending", "done", "failed"]),
      next: choices.chance(0.5) ? "{}" : undefined
    })
  )

const randomRun = (choices: Random): Journal.NewRun =>
  newRun(choices.pick(runIds), {
    workflow: choices.pick(["order", "other"]),
    fingerprint: choices.pick(fingerprints),
    owner: choices.chance(0.5) ? choices.pick(owners) : undefined,
    startIn: choices.chance(0.7) ? 0 : choices.int(50),
    parent: choices.chance(0.5) ? { runId: choices.pick(runIds), slot: `${choices.int(3)}` } : undefined,
    labels: choices.chance(0.3) ? { t: `${choices.int(2)}` } : {},
    store: randomStore(choices),
    undo: choices.chance(0.2) ? randomUndo(choices) : []
  })

const statuses: ReadonlyArray<Journal.Status> = [
  ...(["running", "running", "running", "waiting", "waiting", "waiting", "retrying", "ready"] as const),
  ...(["done", "done", "failed", "cancelled"] as const)
]

const randomWake = (choices: Random, now: number): Journal.Wake => {
  if (choices.chance(0.3)) return "never"
  return choices.chance(0.5) ? { in: choices.int(30) } : { at: Math.max(0, now + choices.int(40) - 10) }
}

/** Mostly the next row of a run by its owner, sometimes a stale or a wrong one. */
const randomRow = (choices: Random, head: Journal.Head, unread: ReadonlyArray<string>): Journal.Entry => {
  const moves = choices.chance(0.5)
  const error = choices.chance(0.2) ? choices.pick(["E1", "E2"]) : undefined
  return rowAfter(head, {
    status: choices.pick(statuses),
    phase: choices.chance(0.8) ? head.phase : "compensating",
    tag: moves ? choices.pick(["Start", "Pay", "Ship"]) : head.tag,
    state: moves ? `${choices.int(100)}` : undefined,
    transitions: head.transitions + (moves ? 1 : 0),
    wake: randomWake(choices, head.updatedAt),
    waitsFor: choices.chance(0.5) ? choices.pick(names) : undefined,
    awaitsChildren: choices.chance(0.3) ? choices.int(3) : 0,
    inbox: choices.chance(0.7) ? head.inbox : Math.max(0, head.inbox - 1),
    store: randomStore(choices),
    undo: randomUndo(choices),
    signals: choices.chance(0.05) ? ["nonsense"] : some(choices, unread, 0.5),
    progress: choices.chance(0.2) ? "p" : undefined,
    outcome: choices.chance(0.1) ? "o" : undefined,
    errorTag: error,
    error,
    ...(choices.chance(0.05) ? { fence: head.fence - choices.pick([1, -1]) } : {}),
    ...(choices.chance(0.05) ? { sequence: head.sequence + choices.pick([0, 2]) } : {}),
    ...(choices.chance(0.05) ? { owner: choices.pick(owners) } : {})
  })
}

/** Chooses rows for the runs that are there, mostly for those that somebody runs. */
const randomRows = (choices: Random, model: Subject, count: number) =>
  Effect.gen(function* () {
    const heads = yield* model.heads(runIds)
    const running = heads.filter((head) => head.status === "running")
    const chosen = running.length > 0 && choices.chance(0.9) ? running : heads
    const rows: Array<Journal.Entry> = []
    for (const head of some(choices, chosen, count / 3).slice(0, count)) {
      const unread = [
        ...(yield* model.signals(head.runId, "go")).signals,
        ...(yield* model.signals(head.runId, "stop")).signals
      ]
      rows.push(
        randomRow(
          choices,
          head,
          unread.map((signal) => signal.id)
        )
      )
    }
    return rows
  })

const randomClaim = (choices: Random): Journal.Claim =>
  claimOf(choices.pick(owners), {
    limit: choices.int(4),
    fingerprints: some(choices, fingerprints, 0.8),
    runIds: choices.chance(0.2) ? some(choices, runIds, 0.5) : undefined,
    staleAfter: 20,
    maxCrashes: choices.int(3)
  })

const randomQuery = (choices: Random): Journal.Query => ({
  limit: 1 + choices.int(4),
  ...(choices.chance(0.3) ? { workflow: "order" } : {}),
  ...(choices.chance(0.3) ? { status: some(choices, statuses, 0.4) } : {}),
  ...(choices.chance(0.2) ? { tag: choices.pick(["Start", "Pay"]) } : {}),
  ...(choices.chance(0.2) ? { errorTag: "E1" } : {}),
  ...(choices.chance(0.2) ? { labels: { t: "1" } } : {}),
  ...(choices.chance(0.2) ? { parent: choices.pick(runIds) } : {}),
  ...(choices.chance(0.2) ? { createdAfter: choices.int(100) } : {})
})

const randomRemoval = (choices: Random): Journal.Removal =>
  choices.chance(0.5)
    ? { runIds: some(choices, runIds, 0.3) }
    : { status: some(choices, ["done", "failed", "cancelled"], 0.7), endedFor: choices.int(30), limit: choices.int(3) }

/** Chooses the next operation from all, with a weight each. */
const randomOperation = (choices: Random, model: Subject, n: number): Effect.Effect<Operation, unknown> =>
  Effect.gen(function* () {
    const die = choices.int(100)
    if (die < 16) {
      const run = randomRun(choices)
      return operation("create", run, (journal) => journal.create(run))
    }
    if (die < 50) {
      const rows = yield* randomRows(choices, model, 1 + choices.int(3))
      return operation("append", rows, (journal) =>
        Effect.forEach(rows, (row) => Effect.map(Effect.exit(journal.append(row)), outcomeOf), {
          concurrency: "unbounded"
        })
      )
    }
    if (die < 66) {
      const claim = randomClaim(choices)
      return operation("claim", claim, (journal) => journal.claim(claim))
    }
    if (die < 76) {
      const signal = {
        runId: choices.pick(runIds),
        id: `s${choices.int(n + 1)}`,
        name: choices.pick(names),
        value: `${n}`
      }
      return operation("send", signal, (journal) => journal.send(signal))
    }
    if (die < 82) {
      const runId = choices.pick(runIds)
      return operation("cancel", runId, (journal) => journal.cancel({ runId }))
    }
    if (die < 87) {
      const worker = workerOf(choices.pick(owners))
      return operation("beat", worker.owner, (journal) => journal.beat(worker))
    }
    if (die < 89) {
      const owner = choices.pick(owners)
      return operation("leave", owner, (journal) => journal.leave(owner))
    }
    if (die < 92) {
      const [head] = some(choices, yield* model.heads(runIds), 0.5)
      const run = { runId: head?.runId ?? "x", owner: head?.owner ?? "v", fence: head?.fence ?? 1 }
      return operation("release", run, (journal) => journal.release(run))
    }
    if (die < 96) {
      const query = randomQuery(choices)
      return operation("list", query, (journal) => journal.list(query))
    }
    const removed = randomRemoval(choices)
    return operation("remove", removed, (journal) => journal.remove(removed))
  })

// -----------------------------------------------------------------------------
// histories
// -----------------------------------------------------------------------------

/** All that can be read of a journal. */
const everything = (journal: Journal.Shape, hasHistory: boolean) =>
  Effect.gen(function* () {
    const steps = (runId: string) => journal.steps({ runId, after: -1, limit: 1000, payloads: true })
    return {
      runs: yield* Effect.forEach(runIds, (runId) => Effect.map(journal.load(runId), Option.getOrUndefined)),
      steps: hasHistory ? yield* Effect.forEach(runIds, steps) : [],
      signals: yield* Effect.forEach(runIds, (runId) => Effect.forEach(names, (name) => journal.signals(runId, name))),
      workers: yield* journal.workers,
      list: (yield* journal.list({ limit: 1000 })).runs
    }
  })

/** The operations of a history. */
const length = 60

export const model = ({ advance, hasHistory, open, runs }: Suite): void => {
  describe("J1 to J16: random histories", () => {
    const { runs: count, seed: first } = replay(runs)
    it.effect(
      `every answer of ${count} histories from seed ${first} is that of the memory journal`,
      () =>
        Effect.gen(function* () {
          for (let seed = first; seed < first + count; seed++)
            yield* Effect.scoped(Effect.flatMap(open, (journal) => history(seed, journal)))
        }),
      patience
    )

    const history = (seed: number, journal: Subject) =>
      Effect.gen(function* () {
        const reference = Context.get(yield* Layer.build(Layer.fresh(Journal.layerMemory)), Journal.Journal)
        const choices = random(seed)
        const log: Array<string> = []
        const same = (actual: unknown, expected: unknown): void => {
          if (!isDeepStrictEqual(actual, expected))
            assert.deepStrictEqual(actual, expected, `CANO_SEED=${seed} CANO_RUNS=1\n${log.join("\n")}`)
        }
        for (let n = 0; n < length; n++) {
          const next = yield* randomOperation(choices, reference as Subject, n)
          log.push(next.text)
          const expected = yield* next.run(reference)
          same(yield* next.run(journal), expected)
          if (choices.chance(0.3)) yield* advance(1 + choices.int(20))
        }
        same(neutral(yield* everything(journal, hasHistory)), neutral(yield* everything(reference, hasHistory)))
      })
  })
}
