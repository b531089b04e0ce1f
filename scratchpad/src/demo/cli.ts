/**
 * The command line: reads the rows, runs the order workflow on each, reports, and writes the results.
 */
import { createRequire } from "node:module"
import * as Console from "effect/Console"
import * as Data from "effect/Data"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Path from "effect/Path"
import type { PlatformError } from "effect/PlatformError"
import * as Schema from "effect/Schema"
import * as CliConfig from "effect/cli/CliConfig"
import * as CliError from "effect/cli/CliError"
import * as CliOutput from "effect/cli/CliOutput"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as GlobalFlag from "effect/cli/GlobalFlag"
import * as Concurrent from "effect-cano/Concurrent"
import * as Workflow from "effect-cano/Workflow"
import { runAllDurably } from "./durable.ts"
import * as Report from "./report.ts"
import { layerCatalog, order, type Outcome, pathOf, runRow } from "./workflow.ts"

// -----------------------------------------------------------------------------
// errors
// -----------------------------------------------------------------------------

/** A failure that the user can do something about: shown as its message, without a stack. */
export class UserProblem extends Data.TaggedError("UserProblem")<{ readonly problem: string }> {
  override get message(): string {
    return this.problem
  }
  override get [CliError.userMessage](): string {
    return this.problem
  }
}

const cannot = (what: string, path: string, why: string) =>
  new UserProblem({ problem: `Cannot ${what} "${path}": ${why}` })

/** Says in plain words why a path cannot be used as what it should be. */
const reasonOf = ({ reason }: PlatformError, should: "file" | "folder"): string => {
  switch (reason._tag) {
    case "NotFound":
      return `no such ${should}`
    case "PermissionDenied":
      return "permission denied"
    case "AlreadyExists":
    case "BadResource":
      return `it is not a ${should}`
    default:
      return reason.message
  }
}

// -----------------------------------------------------------------------------
// reading and writing
// -----------------------------------------------------------------------------

/** `movies.json` of the npm package vega-datasets, which exports its code but not its data. */
const bundled = Effect.map(Path.Path, (path) =>
  path.join(createRequire(import.meta.url).resolve("vega-datasets"), "../../data/movies.json")
)

const decodeJson = Schema.decodeUnknownEffect(Schema.fromJsonString(Schema.Unknown))

const readRows = Effect.fn("readRows")(function* (file: string) {
  const fs = yield* FileSystem.FileSystem
  const text = yield* Effect.mapError(fs.readFileString(file), (error) => cannot("read", file, reasonOf(error, "file")))
  const json = yield* Effect.mapError(decodeJson(text), () => cannot("read", file, "it is not JSON"))
  if (!Array.isArray(json)) return yield* cannot("read", file, "it is not a JSON array")
  return json as ReadonlyArray<unknown>
})

/** Makes the folder before any work is done, and gives the effect that fills it. */
const openFolder = Effect.fn("openFolder")(function* (folder: string) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const orCannot = Effect.mapError((error: PlatformError) => cannot("write to", folder, reasonOf(error, "folder")))
  yield* orCannot(fs.makeDirectory(folder, { recursive: true }))
  return (files: Record<string, string>) =>
    orCannot(
      Effect.forEach(Object.entries(files), ([name, text]) => fs.writeFileString(path.join(folder, name), text), {
        discard: true
      })
    )
})

const filesOf = (outcomes: ReadonlyArray<Outcome>) => ({
  "films.json": jsonLines(
    outcomes.flatMap(({ number, cleaned }) => Option.toArray(cleaned).map((film) => ({ row: number, ...film })))
  ),
  "failed.json": jsonLines(
    outcomes.flatMap(({ number, title, exit }) =>
      exit._tag === "Failed" ? [{ row: number, title, why: exit.why, score: exit.score }] : []
    )
  ),
  "order.mmd": Workflow.toMermaid(order)
})

/** One record a line, so that two results can be compared with ordinary tools. */
const jsonLines = (records: ReadonlyArray<unknown>): string =>
  `[\n${records.map((record) => JSON.stringify(record)).join(",\n")}\n]\n`

// -----------------------------------------------------------------------------
// the command
// -----------------------------------------------------------------------------

const count = (name: string) =>
  Flag.Int(name).pipe(
    Flag.withMetavar("N"),
    Flag.filter(
      (n) => n >= 1,
      () => "Expected a whole number from 1"
    )
  )

const flags = {
  input: Flag.String("input").pipe(
    Flag.withMetavar("FILE"),
    Flag.withDescription("A JSON array of film records (default: movies.json of vega-datasets)"),
    Flag.optional
  ),
  output: Flag.String("output").pipe(
    Flag.withMetavar("FOLDER"),
    Flag.withDescription("Where to write the results (default: scratchpad/output)"),
    Flag.optional
  ),
  limit: count("limit").pipe(Flag.withDescription("Process the first N records only"), Flag.optional),
  concurrency: count("concurrency").pipe(
    Flag.withDescription("How many workflows run at once (default: 16)"),
    Flag.withDefault(16)
  ),
  durable: Flag.Boolean("durable").pipe(
    Flag.withDescription("Keep each run in a SQLite file: killed and started again, the demo goes on where it was"),
    Flag.withDefault(false)
  )
}

const runAll = Effect.fn("runAll")(function* (rows: ReadonlyArray<unknown>, concurrency: number) {
  const onProgress = yield* Report.progress(rows.length)
  const batch = yield* Concurrent.run(rows.map(runRow), { concurrency, onProgress })
  return yield* Concurrent.values(batch)
}, Effect.scoped)

const work = Effect.fn("work")(function* <E, R>(
  rows: ReadonlyArray<unknown>,
  all: Effect.Effect<ReadonlyArray<Outcome>, E, R>
) {
  const [elapsed, outcomes] = yield* Effect.timed(all)
  // Runs are deterministic, so a second one, step by step, shows the way that the first one took.
  const samples = yield* Effect.forEach(Report.samples(outcomes), (outcome) =>
    Effect.map(pathOf(rows[outcome.number - 1]), (path) => Report.sample(outcome, path))
  )
  return { elapsed, outcomes, samples }
})

export const demo = Command.make(
  "demo",
  flags,
  Effect.fn("demo")(function* ({ input, output, limit, concurrency, durable }) {
    const path = yield* Path.Path
    const all = yield* readRows(Option.isSome(input) ? input.value : yield* bundled)
    const folder = path.resolve(Option.isSome(output) ? output.value : path.join(import.meta.dirname, "../../output"))
    const write = yield* openFolder(folder)

    const rows = Option.isSome(limit) ? all.slice(0, limit.value) : all
    const runs = durable ? runAllDurably(rows, concurrency, path.join(folder, "runs.db")) : runAll(rows, concurrency)
    const { elapsed, outcomes, samples } = yield* Effect.provide(work(rows, runs), layerCatalog(all))
    yield* write(filesOf(outcomes))

    yield* Console.log(Report.endings(outcomes))
    if (samples.length > 0) yield* Console.log(`\nFor example:\n\n${samples.join("\n\n")}`)
    yield* Console.log(`\n${Report.grouped(rows.length)} workflows in ${Math.round(Duration.toMillis(elapsed))} ms`)
    yield* Console.log(`Written to ${folder}: films.json, failed.json, order.mmd`)
  })
).pipe(
  Command.withDescription(
    "Runs Cano's order workflow once for each record of a film collection: validates, sanitizes, repairs and rates it"
  )
)

// -----------------------------------------------------------------------------
// layers
// -----------------------------------------------------------------------------

const formatter: CliOutput.Formatter = {
  ...CliOutput.defaultFormatter({ colors: false }),
  formatError: (error) => error.message,
  formatErrors: (errors) => errors.map((error) => error.message.replace(/\s*\n\s*/g, " ")).join("\n")
}

/** Errors take a line or two: the whole help text would push them off the screen. */
export const layerCli = Layer.mergeAll(
  CliConfig.layer({ builtIns: [GlobalFlag.Help] }),
  CliOutput.layer(formatter),
  CliOutput.layerPresenter({
    present: (event) =>
      event._tag === "InvalidInvocation"
        ? Console.error(`${formatter.formatErrors(event.errors)}\nTry --help.`)
        : CliOutput.defaultPresenter.present(event)
  })
)
