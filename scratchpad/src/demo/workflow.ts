/**
 * The order workflow of Cano's README over film records: one run for each row of the file.
 *
 * The edges are those of the README's diagram. (Its code had no handler for LoadData and Cleanup, and registered nodes
 * under the state before their own.)
 */
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { hasProperty, isNumber, isString } from "effect/Predicate"
import * as Schema from "effect/Schema"
import * as Node from "effect-cano/Node"
import * as Store from "effect-cano/Store"
import * as Task from "effect-cano/Task"
import * as Workflow from "effect-cano/Workflow"
import { Change, changesBetween, Cleaned, Film, FilmFromRow, Row } from "./records.ts"
import * as Rules from "./rules.ts"

// -----------------------------------------------------------------------------
// models
// -----------------------------------------------------------------------------

/** Most states are a name. Those that hand something on carry it as their payload. */
export const OrderState = Schema.Union([
  Schema.Literals(["Validate", "Sanitize", "Process", "QualityCheck"]),
  Schema.TaggedUnion({
    Start: { row: Schema.Unknown },
    LoadData: { row: Schema.Unknown },
    Enrich: { score: Schema.Int },
    BasicProcess: { score: Schema.Int },
    Retry: { repair: Schema.String },
    Error: { why: Schema.String },
    Cleanup: { why: Schema.String },
    Complete: { quality: Schema.Literals(["high", "low"]) },
    Failed: { why: Schema.String, score: Schema.NullOr(Schema.Int) }
  })
])
export type OrderState = typeof OrderState.Type

/** The row is of no use: nothing can be processed. */
export class Unusable extends Data.TaggedError("Unusable")<{ readonly why: string }> {}

// -----------------------------------------------------------------------------
// stores
// -----------------------------------------------------------------------------

/** What all rows together tell: one store of our own, shared by all runs. */
export class Catalog extends Context.Service<Catalog, Rules.Survey>()("demo/Catalog") {}

/** What one run keeps: each run gets a `MemoryStore` of its own. */
const Raw = Store.key("raw", Schema.Unknown)
const Clean = Store.key("clean", Row)
const Current = Store.key("film", Film)
const Repairs = Store.key("repairs", Schema.Array(Schema.String))
const Sanitized = Store.key("sanitized", Schema.Array(Change))
const Repaired = Store.key("repaired", Schema.Array(Change))
const Result = Store.key("result", Cleaned)

// -----------------------------------------------------------------------------
// tasks and nodes
// -----------------------------------------------------------------------------

const decodeRow = Schema.decodeUnknownEffect(Row)
const decodeFilm = Schema.decodeUnknownEffect(FilmFromRow)

const validateRow = Node.make({
  name: "validate row",
  prep: Store.get(Raw),
  exec: function* (raw) {
    const row = yield* Effect.mapError(decodeRow(raw), () => new Unusable({ why: "not a film record" }))
    const sanitized = Rules.sanitize(row)
    const why = Rules.whyUnusable(sanitized.row)
    if (Option.isSome(why)) return yield* new Unusable({ why: why.value })
    return { row, isClean: sanitized.row === row }
  },
  post: function* ({ row, isClean }) {
    yield* Store.put(Clean, row)
    return isClean ? "Process" : "Sanitize"
  }
})

const sanitizeRow = Task.make({
  name: "sanitize row",
  run: function* () {
    const { row, changes } = Rules.sanitize(yield* Store.get(Clean))
    yield* Store.put(Clean, row)
    yield* Store.put(Sanitized, changes)
    return "Process"
  }
})

/** Reads the film from the row anew, with the repairs that the retries so far have added. */
const readFilm = Task.make({
  name: "read film",
  run: function* () {
    const survey = yield* Catalog
    const names = yield* Store.getOrElse(Repairs, () => [])
    let film = yield* decodeFilm(yield* Store.get(Clean))
    const changes: Array<Change> = []
    for (const repair of Rules.repairs.filter(({ name }) => names.includes(name))) {
      const repaired = repair.apply(film, survey)
      changes.push(...changesBetween(repair.name, film, repaired))
      film = repaired
    }
    yield* Store.put(Current, film)
    yield* Store.put(Repaired, changes)
    return "QualityCheck"
  }
})

const checkQuality = Node.make({
  name: "check quality",
  prep: Effect.all([Store.get(Current), Store.getOrElse(Repairs, () => [])]),
  exec: function* ([film, tried]) {
    const survey = yield* Catalog
    return { score: Rules.score(film, survey), repair: Rules.nextRepair(film, survey, tried) }
  },
  post: ({ score, repair }) => {
    if (score >= Rules.highQuality) return { _tag: "Enrich", score }
    if (score >= Rules.lowQuality) return { _tag: "BasicProcess", score }
    return Option.isSome(repair)
      ? { _tag: "Retry", repair: repair.value }
      : { _tag: "Failed", why: "too little known", score }
  }
})

/** All that was changed on the way, in order. */
const history = Effect.map(
  Effect.all([Store.getOrElse(Sanitized, () => []), Store.getOrElse(Repaired, () => [])]),
  (changes) => changes.flat()
)

// -----------------------------------------------------------------------------
// the machine
// -----------------------------------------------------------------------------

export const order = Workflow.make("order", OrderState, {
  initial: "Start",
  exits: ["Complete", "Failed"],
  states: {
    Start: { to: ["LoadData"], run: ({ row }) => ({ _tag: "LoadData", row }) },
    LoadData: { to: ["Validate"], run: ({ row }) => Effect.as(Store.put(Raw, row), "Validate") },
    Validate: {
      to: ["Process", "Sanitize", "Error"],
      run: validateRow,
      catch: { Unusable: ({ why }) => ({ _tag: "Error", why }) }
    },
    Sanitize: { to: ["Process"], run: sanitizeRow },
    Process: { to: ["QualityCheck"], run: readFilm },
    QualityCheck: { to: ["Enrich", "BasicProcess", "Retry", "Failed"], run: checkQuality },
    Enrich: {
      to: ["Complete"],
      run: function* ({ score }) {
        const film = yield* Store.get(Current)
        const figures = Rules.figures(film)
        yield* Store.put(Result, { quality: "high", score, film, figures, changes: yield* history })
        return { _tag: "Complete", quality: "high" }
      }
    },
    BasicProcess: {
      to: ["Complete"],
      run: function* ({ score }) {
        const film = yield* Store.get(Current)
        const missing = Rules.missing(film)
        yield* Store.put(Result, { quality: "low", score, film, missing, changes: yield* history })
        return { _tag: "Complete", quality: "low" }
      }
    },
    Retry: { to: ["Process"], run: ({ repair }) => Effect.as(Store.append(Repairs, repair), "Process") },
    Error: { to: ["Cleanup"], run: ({ why }) => ({ _tag: "Cleanup", why }) },
    Cleanup: { to: ["Failed"], run: ({ why }) => Effect.as(Store.clear, { _tag: "Failed", why, score: null }) }
  }
})

// -----------------------------------------------------------------------------
// running
// -----------------------------------------------------------------------------

/** How one run ended, and what it left in its store. */
export interface Outcome {
  /** The position in the file, from 1. */
  readonly number: number
  readonly title: string
  readonly exit: Workflow.Workflow.Exit<typeof order>
  readonly wasSanitized: boolean
  readonly repairs: ReadonlyArray<string>
  readonly cleaned: Option.Option<Cleaned>
}

export const start = (row: unknown) => ({ _tag: "Start", row }) as const

/** A wrong key, or a row that sanitizing left unreadable, would be a mistake in this file: a defect. */
const inOwnStore = <A, E, R>(run: Effect.Effect<A, E, R>) =>
  run.pipe(Effect.provideServiceEffect(Store.MemoryStore, Store.MemoryStore.make), Effect.orDie)

/** Reads what a run has left in its store. */
export const outcomeOf = Effect.fnUntraced(function* (
  row: unknown,
  index: number,
  exit: Workflow.Workflow.Exit<typeof order>
) {
  const cleaned = yield* Store.getOption(Result)
  const outcome: Outcome = {
    number: index + 1,
    title: Option.match(cleaned, { onNone: () => titleOf(row), onSome: ({ film }) => film.title }),
    exit,
    wasSanitized: yield* Store.has(Sanitized),
    repairs: yield* Store.getOrElse(Repairs, () => []),
    cleaned
  }
  return outcome
})

export const runRow = (row: unknown, index: number) =>
  inOwnStore(Effect.flatMap(Workflow.run(order, start(row)), (exit) => outcomeOf(row, index, exit)))

const titleOf = (row: unknown): string =>
  hasProperty(row, "Title") && (isString(row.Title) || isNumber(row.Title)) ? String(row.Title) : "(no title)"

const tagOf = (state: OrderState) => (typeof state === "string" ? state : state._tag)

/** The states that a run visits: the same machine, taken step by step. */
export const pathOf = Effect.fnUntraced(function* (row: unknown) {
  let state: OrderState = start(row)
  const path = [tagOf(state)]
  while (order.edges.has(tagOf(state))) {
    state = yield* Workflow.step(order, state)
    path.push(tagOf(state))
  }
  return path
}, inOwnStore)

const decodeRowOption = Schema.decodeUnknownOption(Row)

/** Looks at all rows together, once, before the runs begin. */
export const layerCatalog = (rows: ReadonlyArray<unknown>): Layer.Layer<Catalog> =>
  Layer.sync(Catalog, () => Rules.survey(rows.flatMap((row) => Option.toArray(decodeRowOption(row)))))
