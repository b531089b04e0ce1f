/**
 * A map-reduce over real text: the titles of 3,201 films (movies.json of vega-datasets). The machine splits them, counts
 * the words of each part in a branch of a fork, and joins the counts.
 */
import { createRequire } from "node:module"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Path from "effect/Path"
import * as Schema from "effect/Schema"
import { Task, Workflow } from "effect-cano"

const decodeMovies = Schema.decodeUnknownEffect(
  Schema.fromJsonString(
    Schema.Array(Schema.Struct({ Title: Schema.NullOr(Schema.Union([Schema.String, Schema.Number])) }))
  )
)

const readTitles = Effect.gen(function* () {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const file = path.join(createRequire(import.meta.url).resolve("vega-datasets"), "../../data/movies.json")
  const movies = yield* decodeMovies(yield* fs.readFileString(file))
  return movies.map(({ Title }) => String(Title ?? ""))
})

// #region states
const Counts = Schema.Array(Schema.Tuple([Schema.String, Schema.Number]))
const Titles = Schema.Array(Schema.String)

const CountState = Schema.TaggedUnion({
  Split: { titles: Titles },
  Count: { parts: Schema.Array(Titles) },
  Counted: { counts: Counts }
})
// #endregion

const countWords = (titles: ReadonlyArray<string>): Map<string, number> => {
  const counts = new Map<string, number>()
  for (const title of titles) {
    for (const word of title.toLowerCase().match(/\p{L}+/gu) ?? []) counts.set(word, (counts.get(word) ?? 0) + 1)
  }
  return counts
}

const merge = (parts: ReadonlyArray<Map<string, number>>): Map<string, number> => {
  const sum = new Map<string, number>()
  for (const part of parts) for (const [word, count] of part) sum.set(word, (sum.get(word) ?? 0) + count)
  return sum
}

// #region workflow
const count = Workflow.make("count", CountState, {
  initial: "Split",
  exits: ["Counted"],
  states: {
    Split: {
      to: ["Count"],
      run: ({ titles }) => ({
        _tag: "Count",
        parts: Array.from({ length: Math.ceil(titles.length / 500) }, (_, i) => titles.slice(i * 500, (i + 1) * 500))
      })
    },
    Count: {
      to: ["Counted"],
      run: Task.fork({
        // as many branches as the payload has parts; the parameter needs its type
        branches: (state: { readonly parts: ReadonlyArray<ReadonlyArray<string>> }) =>
          state.parts.map((titles) => Effect.sync(() => countWords(titles))),
        concurrency: 4,
        join: (parts) => ({ _tag: "Counted", counts: Array.from(merge(parts)) })
      })
    }
  }
})
// #endregion

const program = Effect.gen(function* () {
  const titles = yield* readTitles
  const { counts } = yield* Workflow.run(count, { _tag: "Split", titles })
  const most = counts.toSorted(([a, m], [b, n]) => n - m || a.localeCompare(b)).slice(0, 8)
  const words = counts.reduce((sum, [, n]) => sum + n, 0)
  yield* Console.log(`${words} words in ${titles.length} titles, ${counts.length} different ones`)
  for (const [word, n] of most) yield* Console.log(`${String(n).padStart(5)}  ${word}`)
})

NodeRuntime.runMain(Effect.provide(program, NodeServices.layer))
