/** The work: a file of real data is fetched, and made into one line that says what is in it. */
import { createRequire } from "node:module"
import { join } from "node:path"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Schema from "effect/Schema"
import * as Retry from "effect-cano/Retry"
import * as Task from "effect-cano/Task"
import * as Workflow from "effect-cano/Workflow"

/** The package exports its code, but not its data. */
const folder = join(createRequire(import.meta.url).resolve("vega-datasets"), "../../data")

class NotReadable extends Data.TaggedError("NotReadable")<{ readonly file: string }> {}

/** A data set, its file in the package `vega-datasets`, and what is said about it. */
interface Dataset {
  readonly file: string
  readonly summary: (text: string) => string
}

const rowsOf = (text: string): ReadonlyArray<Readonly<Record<string, string>>> => {
  const [header = "", ...lines] = text.trim().split("\n")
  const names = header.trim().split(",")
  return lines.map((line) => Object.fromEntries(line.split(",").map((cell, index) => [names[index]!, cell.trim()])))
}

const mean = (values: ReadonlyArray<number>): string =>
  (values.reduce((sum, value) => sum + value, 0) / values.length).toFixed(1)

const Quakes = Schema.fromJsonString(
  Schema.Struct({
    features: Schema.Array(
      Schema.Struct({
        properties: Schema.Struct({ mag: Schema.NullOr(Schema.Finite), place: Schema.NullOr(Schema.String) })
      })
    )
  })
)
const decodeQuakes = Schema.decodeUnknownSync(Quakes)

export const datasets = {
  weather: {
    file: "seattle-weather.csv",
    summary: (text) => {
      const rows = rowsOf(text)
      const wet = rows.filter((row) => Number(row["precipitation"]) > 0).length
      return `${rows.length} days in Seattle, ${wet} of them wet, ${mean(rows.map((row) => Number(row["temp_max"])))} °C at most on average`
    }
  },
  stocks: {
    file: "stocks.csv",
    summary: (text) => {
      const prices = Map.groupBy(rowsOf(text), (row) => row["symbol"]!)
      const gains = Array.from(prices, ([symbol, rows]) => ({
        symbol,
        factor: Number(rows.at(-1)!["price"]) / Number(rows[0]!["price"])
      }))
      const best = gains.reduce((a, b) => (b.factor > a.factor ? b : a))
      return `${gains.length} stocks, the best is ${best.symbol} at ${best.factor.toFixed(1)} times its first price`
    }
  },
  earthquakes: {
    file: "earthquakes.json",
    summary: (text) => {
      const quakes = decodeQuakes(text).features.map(({ properties }) => properties)
      const strongest = quakes.reduce((a, b) => ((b.mag ?? 0) > (a.mag ?? 0) ? b : a))
      return `${quakes.length} earthquakes, the strongest ${strongest.mag} ${strongest.place}`
    }
  }
} satisfies Record<string, Dataset>

// #region workflow
const State = Schema.TaggedUnion({
  Fetch: {},
  Transform: { text: Schema.String },
  Done: { summary: Schema.String },
  Unreadable: { file: Schema.String }
})

/** Fetches a data set and transforms it. */
export const workflowOf = (name: keyof typeof datasets) => {
  const { file, summary } = datasets[name]
  const fetch = Task.make({
    name: `fetch ${file}`,
    retry: Retry.fixed(2, "100 millis"),
    run: function* () {
      const files = yield* FileSystem.FileSystem
      const text = yield* files
        .readFileString(join(folder, file))
        .pipe(Effect.mapError(() => new NotReadable({ file })))
      return { _tag: "Transform", text }
    }
  })
  return Workflow.make(name, State, {
    initial: "Fetch",
    exits: ["Done", "Unreadable"],
    states: {
      Fetch: {
        to: ["Transform", "Unreadable"],
        run: fetch,
        catch: { NotReadable: ({ file }) => ({ _tag: "Unreadable", file }) }
      },
      Transform: { to: ["Done"], run: ({ text }) => ({ _tag: "Done", summary: summary(text) }) }
    }
  })
}
// #endregion
