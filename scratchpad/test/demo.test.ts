import { spawnSync } from "node:child_process"
import { createRequire } from "node:module"
import { fileURLToPath } from "node:url"
import { assert, describe, it } from "@effect/vitest"
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Path from "effect/Path"
import * as Schema from "effect/Schema"
import * as Command from "effect/cli/Command"
import { demo, layerCli } from "../src/demo/cli.ts"
import { Film, FilmFromRow, Row } from "../src/demo/records.ts"
import { endings, samples } from "../src/demo/report.ts"
import * as Rules from "../src/demo/rules.ts"
import { layerCatalog, order, type Outcome, pathOf, runRow } from "../src/demo/workflow.ts"

const require = createRequire(import.meta.url)
const movies: ReadonlyArray<unknown> = require(require.resolve("vega-datasets").replace(/build.*$/, "data/movies.json"))
const rows = movies.map((movie) => Schema.decodeUnknownSync(Row)(movie))
const survey = Rules.survey(rows)

const rowOf = (title: string | number | null): Row => rows.find((row) => row.Title === title)!
const clean = (title: string | number) => Rules.sanitize(rowOf(title)).row
const readFilm = Schema.decodeUnknownSync(FilmFromRow)

const runAll = (concurrency: number) =>
  Effect.forEach(movies, (row, index) => runRow(row, index), { concurrency }).pipe(Effect.provide(layerCatalog(movies)))

const outcomesOnce = Effect.runSync(Effect.cached(runAll(16)))

const tally = <A>(items: Iterable<A>): Map<A, number> => {
  const counts = new Map<A, number>()
  for (const item of items) counts.set(item, (counts.get(item) ?? 0) + 1)
  return counts
}

describe("records", () => {
  it("every date of the file is read, and one that does not exist is refused", () => {
    const read = Schema.decodeUnknownOption(Film.fields.released)
    assert.isTrue(rows.every((row) => Option.isSome(read(row["Release Date"]))))
    assert.deepStrictEqual(read("Jun 12 1998"), Option.some("1998-06-12"))
    assert.deepStrictEqual(read("1998"), Option.some("1998"))
    for (const text of ["Feb 30 2001", "Xyz 01 2001", "12-Jun-98", "soon", ""])
      assert.deepStrictEqual(read(text), Option.none())
  })
})

describe("sanitizing", () => {
  it("corrects what has one right reading", () => {
    assert.strictEqual(clean(2046).Title, "2046")
    assert.strictEqual(clean("LÈon").Title, "Léon")
    assert.strictEqual(clean("The Naked Gun 2Ω: The Smell of Fear").Title, "The Naked Gun 2½: The Smell of Fear")
    assert.strictEqual(clean("Barbarians, The").Title, "The Barbarians")
    assert.strictEqual(clean("Halloween:  The Curse of Michael Myers").Title, "Halloween: The Curse of Michael Myers")
    assert.strictEqual(clean("Bang").Director, 'Jeff "King Jeff" Hollins')
    assert.strictEqual(clean("L.I.E.")["MPAA Rating"], null)
    assert.strictEqual(clean("The Molly Maguires")["Release Date"], null)
    assert.strictEqual(clean("12 Angry Men")["Worldwide Gross"], null)
  })

  it("reads numbers that were written as text, and drops what is none", () => {
    const { row } = Rules.sanitize({
      ...rowOf("Slam"),
      "US Gross": "$1,009,819",
      "IMDB Rating": "great",
      "IMDB Votes": -1
    })
    assert.strictEqual(row["US Gross"], 1009819)
    assert.strictEqual(row["IMDB Rating"], null)
    assert.strictEqual(row["IMDB Votes"], null)
  })

  it("leaves right texts alone", () => {
    for (const title of ["Alien³", "Ri¢hie Ri¢h", "Les Misérables", "It’s here", "Wait…", "Élite", "CAFÉ", "A – B"]) {
      const row = { ...rowOf("Slam"), Title: title }
      assert.strictEqual(Rules.sanitize(row).row, row, title)
    }
  })

  it("leaves nothing to do a second time, and nothing that is not a film", () => {
    const isFilm = Schema.decodeUnknownOption(FilmFromRow)
    for (const row of rows) {
      const { row: once } = Rules.sanitize(row)
      assert.strictEqual(Rules.sanitize(once).row, once)
      assert.isTrue(once.Title === null || Option.isSome(isFilm(once)))
    }
  })
})

describe("quality", () => {
  it("knows the last year of the collection, and believes a small one", () => {
    assert.strictEqual(survey.lastYear, 2011)
    assert.strictEqual(Rules.survey([rowOf("Gone with the Wind"), rowOf("Slam")]).lastYear, 2039)
    assert.strictEqual(Rules.survey([]).lastYear, 0)
  })

  it("keeps a film that contradicts itself below the threshold", () => {
    const film = readFilm(rowOf("Gone with the Wind"))
    assert.deepStrictEqual(Rules.contradictions(film, survey), ["released in the future"])
    assert.strictEqual(Rules.score(film, survey), 59)
    assert.strictEqual(Rules.score({ ...film, released: "1939-12-15" }, survey), 100)
  })

  it("gives half the points to a date of which only the year can be trusted", () => {
    const film = readFilm(rowOf("Slam"))
    const scoreOf = (released: string | null) => Rules.score({ ...film, released }, survey)
    assert.strictEqual(scoreOf("1998-10-09") - scoreOf(null), 15)
    assert.strictEqual(scoreOf("1998-12-31") - scoreOf(null), 8)
    assert.strictEqual(scoreOf("1998") - scoreOf(null), 8)
  })
})

describe("repairs", () => {
  it("come in order, each once, and only where they change something", () => {
    const film = readFilm(rowOf("Ben-Hur"))
    const names = Rules.repairs.map(({ name }) => name)
    const next = (tried: ReadonlyArray<string>) => Option.getOrUndefined(Rules.nextRepair(film, survey, tried))
    assert.deepStrictEqual(
      names.map((_, count) => next(names.slice(0, count))),
      [names[0], names[2], names[2]]
    )
    assert.isUndefined(next(names))
    const repaired = Rules.repairs.reduce((film, { apply }) => apply(film, survey), film)
    assert.strictEqual(repaired.released, "1925-12-30")
    assert.strictEqual(repaired.mpaa, "Not Rated")
    assert.strictEqual(repaired.imdbRating, null)
    for (const { apply } of Rules.repairs) assert.strictEqual(apply(repaired, survey), repaired)
  })
})

describe("the order workflow", () => {
  it("has the edges of the diagram in Cano's README", () => {
    assert.deepStrictEqual(Object.fromEntries(order.edges), {
      Start: ["LoadData"],
      LoadData: ["Validate"],
      Validate: ["Process", "Sanitize", "Error"],
      Sanitize: ["Process"],
      Process: ["QualityCheck"],
      QualityCheck: ["Enrich", "BasicProcess", "Retry", "Failed"],
      Enrich: ["Complete"],
      BasicProcess: ["Complete"],
      Retry: ["Process"],
      Error: ["Cleanup"],
      Cleanup: ["Failed"]
    })
    assert.deepStrictEqual(order.exits, ["Complete", "Failed"])
  })

  it.effect("takes every record to exactly one exit, and the table accounts for each", () =>
    Effect.gen(function* () {
      const outcomes = yield* outcomesOnce
      assert.deepStrictEqual(
        outcomes.map(({ number }) => number),
        movies.map((_, index) => index + 1)
      )
      for (const { exit, cleaned } of outcomes) assert.strictEqual(exit._tag === "Complete", Option.isSome(cleaned))
      const counts = endings(outcomes)
        .split("\n")
        .flatMap((line) => /([\d,]+)$/.exec(line)?.[1]?.replace(",", "") ?? [])
        .map(Number)
      assert.strictEqual(counts.at(-1), movies.length)
      assert.strictEqual(
        counts.slice(0, -1).reduce((sum, count) => sum + count),
        movies.length
      )
    })
  )

  it.effect("retries three times at most, and completes only what is good enough", () =>
    Effect.gen(function* () {
      const outcomes = yield* outcomesOnce
      assert.deepStrictEqual(new Set(outcomes.map(({ repairs }) => repairs.length)), new Set([0, 1, 2, 3]))
      for (const { cleaned, exit } of outcomes) {
        if (Option.isNone(cleaned)) continue
        const { film, quality, score } = cleaned.value
        assert.strictEqual(Rules.score(film, survey), score)
        assert.strictEqual(score >= Rules.highQuality ? "high" : "low", quality)
        assert.isTrue(score >= Rules.lowQuality)
        assert.deepStrictEqual(Rules.contradictions(film, survey), [])
        assert.deepStrictEqual(exit, { _tag: "Complete", quality })
      }
    })
  )

  it.effect("visits the same states step by step, along declared edges only", () =>
    Effect.gen(function* () {
      const outcomes = yield* outcomesOnce
      for (const { exit, number, repairs } of [
        ...samples(outcomes),
        ...outcomes.filter((_, index) => index % 20 === 0)
      ]) {
        const path = yield* pathOf(movies[number - 1])
        assert.strictEqual(path.at(-1), exit._tag)
        assert.strictEqual(path.filter((state) => state === "Retry").length, repairs.length)
        assert.isTrue(path.slice(1).every((to, index) => order.edges.get(path[index]!)!.includes(to)))
      }
    }).pipe(Effect.provide(layerCatalog(movies)))
  )

  it.effect("gives the same result whatever the concurrency", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* runAll(1), yield* outcomesOnce)
    })
  )

  it.effect("sends what is no film record to Failed, with the reason", () =>
    Effect.gen(function* () {
      for (const row of [null, 1, "film", [], { Title: {} }]) {
        const { exit } = yield* runRow(row, 0)
        assert.deepStrictEqual(exit, { _tag: "Failed", why: "not a film record", score: null }, JSON.stringify(row))
      }
    }).pipe(Effect.provide(layerCatalog([])))
  )
})

describe("README.md", () => {
  const readme = Effect.flatMap(FileSystem.FileSystem, (fs) =>
    fs.readFileString(fileURLToPath(new URL("../src/demo/README.md", import.meta.url)))
  ).pipe(Effect.provide(NodeServices.layer))

  const usable = rows
    .map((row) => Rules.sanitize(row).row)
    .filter((row) => Option.isNone(Rules.whyUnusable(row)))
    .map((row) => readFilm(row))
  const counts = new Map([
    ...Rules.sanitizers.map(({ name }) => [name, 0] as const),
    ...tally(rows.flatMap((row) => Array.from(new Set(Rules.sanitize(row).changes.map(({ step }) => step))))),
    ...tally(rows.flatMap((row) => Option.toArray(Rules.whyUnusable(Rules.sanitize(row).row)))),
    ...tally(usable.flatMap((film) => Rules.contradictions(film, survey)))
  ])

  for (const [rule, count] of counts) {
    it.effect(`says that "${rule}" applies to ${count} rows`, () =>
      Effect.map(readme, (text) => assert.include(text, `| ${rule} | ${count} |`))
    )
  }

  it.effect("says how much of the collection is missing, doubtful or shared", () =>
    Effect.gen(function* () {
      const text = (yield* readme).replace(/\s+/g, " ")
      const lacking = (column: keyof Row) => rows.filter((row) => row[column] === null).length.toLocaleString("en-US")
      assert.include(text, `${lacking("Running Time min")} and ${lacking("US DVD Sales")} records lack them`)
      const newYearsEves = rows.filter((row) => String(row["Release Date"]).startsWith("Dec 31"))
      assert.include(text, `December 31 is the date of ${newYearsEves.length} records`)
      assert.include(text, `${survey.sharedRatings.size} pairs of records have the same rating`)
      const sanitized = rows.filter((row) => Rules.sanitize(row).row !== row)
      assert.include(text, `${sanitized.length} rows need it`)
    })
  )

  it.effect("shows the table that the demo prints", () =>
    Effect.gen(function* () {
      assert.include(yield* readme, endings(yield* outcomesOnce))
    })
  )
})

describe("the command line", () => {
  /** Runs the command in this process and gives its exit, what it printed, and what it complained about. */
  const run = (...args: ReadonlyArray<string>) =>
    Effect.gen(function* () {
      const out: Array<unknown> = []
      const err: Array<unknown> = []
      const exit = yield* Command.runWith(demo, { version: "0" })(args).pipe(
        Effect.exit,
        Effect.provideService(Console.Console, {
          ...globalThis.console,
          log: (line: unknown) => out.push(line),
          error: (line: unknown) => err.push(line)
        })
      )
      return { exit: exit._tag, out: out.join("\n"), err: err.join("\n") }
    })

  const folder = Effect.flatMap(FileSystem.FileSystem, (fs) => fs.makeTempDirectoryScoped())
  const live = Effect.provide(Layer.merge(layerCli, NodeServices.layer))

  it.effect("writes the same files each time, and says where", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const path = yield* Path.Path
      const folders = [path.join(yield* folder, "a", "b"), yield* folder]
      for (const [index, output] of folders.entries()) {
        const { exit, out, err } = yield* run(
          "--limit",
          "200",
          "--concurrency",
          `${index * 99 + 1}`,
          "--output",
          output
        )
        assert.strictEqual(exit, "Success")
        assert.include(out, output)
        assert.match(out, /^total +200$/m)
        assert.strictEqual(err.split("\n").length, 4)
      }
      for (const file of ["films.json", "failed.json", "order.mmd"]) {
        const [first, second] = yield* Effect.forEach(folders, (folder) => fs.readFileString(path.join(folder, file)))
        assert.strictEqual(first, second)
      }
      const records = yield* Effect.forEach(["films.json", "failed.json"], (file) =>
        Effect.map(
          fs.readFileString(path.join(folders[0]!, file)),
          (text) => JSON.parse(text) as ReadonlyArray<Outcome>
        )
      )
      assert.strictEqual(records.flat().length, 200)
    }).pipe(live)
  )

  it.effect("takes another file of the same shape, even an empty one", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const output = yield* folder
      const input = `${output}/input.json`
      yield* fs.writeFileString(input, JSON.stringify([rowOf("Slam"), "nonsense"]))
      const { out } = yield* run("--input", input, "--output", output)
      assert.match(out, /^total +2$/m)
      yield* fs.writeFileString(input, "[]")
      const empty = yield* run("--input", input, "--output", output)
      assert.strictEqual(empty.exit, "Success")
      assert.deepStrictEqual(JSON.parse(yield* fs.readFileString(`${output}/films.json`)), [])
    }).pipe(live)
  )

  it.effect("refuses what it cannot use in one or two lines", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const output = yield* folder
      const file = (text: string) => Effect.tap(fs.makeTempFileScoped(), (file) => fs.writeFileString(file, text))
      const notJson = yield* file("nope")
      const notArray = yield* file("{}")
      const cases: ReadonlyArray<readonly [ReadonlyArray<string>, RegExp]> = [
        [["--limit", "0"], /--limit.*whole number from 1/],
        [["--limit", "1.5"], /--limit.*integer/],
        [["--limit", "many"], /--limit.*number/],
        [["--limit"], /--limit/],
        [["--concurrency", "-1"], /--concurrency.*whole number from 1/],
        [["--limt", "1"], /--limt.*--limit/],
        [["stray"], /stray/],
        [["--input", `${output}/none.json`], /Cannot read.*none\.json": no such file/],
        [["--input", output], /Cannot read.*it is not a file/],
        [["--input", notJson], /Cannot read.*it is not JSON/],
        [["--input", notArray], /Cannot read.*it is not a JSON array/],
        [["--output", notJson], /Cannot write to.*it is not a folder/],
        [["--output", `${notJson}/deeper`], /Cannot write to.*it is not a folder/]
      ]
      for (const [args, message] of cases) {
        const { exit, out, err } = yield* run(...args)
        assert.strictEqual(exit, "Failure", args.join(" "))
        assert.match(err, message)
        assert.isAtMost(err.split("\n").length, 2)
        assert.strictEqual(out, "")
      }
    }).pipe(live)
  )

  it.effect("explains its flags", () =>
    Effect.gen(function* () {
      const { exit, out } = yield* run("--help")
      assert.strictEqual(exit, "Success")
      for (const flag of ["--input", "--output", "--limit", "--concurrency"]) assert.include(out, flag)
    }).pipe(live)
  )

  it("ends with an exit code and without a stack trace", () => {
    const main = fileURLToPath(new URL("../src/demo/main.ts", import.meta.url))
    const { status, stderr, stdout } = spawnSync(process.execPath, [main, "--limit", "0"], { encoding: "utf8" })
    assert.strictEqual(status, 1)
    assert.strictEqual(stdout, "")
    assert.strictEqual(stderr, 'Invalid value for flag --limit: "0". Expected a whole number from 1\nTry --help.\n')
  })
})
