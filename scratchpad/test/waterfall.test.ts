import { spawnSync } from "node:child_process"
import { fileURLToPath } from "node:url"
import { stripVTControlCharacters } from "node:util"
import { assert, describe, expect, it } from "@effect/vitest"
import * as Data from "effect/Data"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/testing/TestClock"
import * as Workflow from "effect-cano/Workflow"
import stringWidth from "string-width"
import { order } from "../src/shop/order.ts"
import { record } from "../src/waterfall/spans.ts"
import { duration, fit } from "../src/waterfall/text.ts"
import { render } from "../src/waterfall/waterfall.ts"

class Broken extends Data.TaggedError("Broken")<{}> {}

/** The spans of an effect that has an hour of virtual time. */
const spansOf = <A, E, R>(effect: Effect.Effect<A, E, R>, time: Duration.Input = "1 hour") =>
  Effect.gen(function* () {
    const fiber = yield* Effect.forkChild(record(Effect.delay(effect, 1)))
    yield* TestClock.adjust(time)
    return (yield* Fiber.join(fiber)).spans
  })

const placed = Workflow.run(order, { _tag: "Cart", items: ["teapot", "cups"], card: "expired" })
const widest = (lines: ReadonlyArray<string>) => Math.max(...lines.map((line) => stringWidth(line)))

/** Compares with a file beside the code; `vitest -u` writes it. */
const isInFile = (lines: ReadonlyArray<string>, path: string) =>
  Effect.promise(() =>
    expect(`${lines.join("\n")}\n`).toMatchFileSnapshot(fileURLToPath(new URL(path, import.meta.url)))
  )

describe("the waterfall", () => {
  it.effect("shows the retry, the error edge, the nested run, the fork and the batch of an order", () =>
    Effect.gen(function* () {
      yield* isInFile(render(yield* spansOf(placed)), "../src/waterfall/order.txt")
    })
  )

  it.effect("fits a terminal of 60 columns", () =>
    Effect.gen(function* () {
      yield* isInFile(render(yield* spansOf(placed), { width: 60 }), "fixtures/waterfall-60.txt")
    })
  )

  it.effect("is never wider than the terminal, with color or without", () =>
    Effect.gen(function* () {
      const spans = yield* spansOf(placed)
      for (const width of [40, 60, 61, 79, 80, 100, 137, 200]) {
        const plain = render(spans, { width })
        assert.isAtMost(widest(plain), width)
        const colored = render(spans, { width, color: true })
        assert.deepStrictEqual(
          colored.map(stripVTControlCharacters).map((line) => line.trimEnd()),
          plain
        )
      }
    })
  )

  it.effect("cuts wide and composed characters where they end", () =>
    Effect.gen(function* () {
      const names = ["注文を処理する".repeat(9), "👩‍👩‍👧‍👦".repeat(30), "e\u0301".repeat(90), "naïve café", "\ud800 alone"]
      const spans = yield* spansOf(
        Effect.forEach(names, (name) => Effect.withSpan(Effect.sleep("1 second"), name), { discard: true })
      )
      for (const width of [60, 80, 100]) {
        const lines = render(spans, { width })
        assert.isAtMost(widest(lines), width)
        assert.isTrue(lines.every((line) => line.isWellFormed()))
        const starts = lines.slice(2, 2 + names.length).map((line) => stringWidth(line.slice(0, line.indexOf("1s"))))
        assert.strictEqual(new Set(starts).size, 1, lines.join("\n"))
      }
    })
  )

  it.effect("lets no control character of a name or an attribute through", () =>
    Effect.gen(function* () {
      const evil = "\u001b[2J\u001b]0;title\u0007\r\n\u202egnp\u0000"
      const spans = yield* spansOf(
        Effect.withSpan(Effect.void, `name ${evil}`, { attributes: { [`key${evil}`]: `value ${evil}` } })
      )
      const text = render(spans, { width: 200 }).join("")
      // oxlint-disable-next-line no-control-regex
      assert.notMatch(text, /[\u0000-\u001f\u007f-\u009f\u202a-\u202e]/)
      assert.include(text, "name")
      assert.include(text, "value")
    })
  )

  it.effect("marks what failed, what was interrupted and what still runs", () =>
    Effect.gen(function* () {
      const spans: Array<string> = []
      const program = Effect.gen(function* () {
        const { spans } = yield* record(
          Effect.gen(function* () {
            const lost = yield* Effect.forkChild(Effect.withSpan(Effect.never, "lost"), { startImmediately: true })
            yield* Effect.forkDetach(Effect.withSpan(Effect.never, "open"), { startImmediately: true })
            yield* Effect.exit(Effect.withSpan(Effect.delay(Effect.fail(new Broken()), "2 seconds"), "broken"))
            yield* Effect.exit(Effect.withSpan(Effect.die(new TypeError("no")), "died"))
            yield* Fiber.interrupt(lost)
          })
        )
        return render(spans, { width: 60 })
      })
      const fiber = yield* Effect.forkChild(program)
      yield* TestClock.adjust("1 minute")
      spans.push(...(yield* Fiber.join(fiber)))
      yield* isInFile(spans, "fixtures/waterfall-marks.txt")
    })
  )

  it("has something to say about nothing", () => {
    assert.deepStrictEqual(render([]), ["no spans"])
  })
})

describe("durations", () => {
  const cases: ReadonlyArray<readonly [bigint, string]> = [
    [0n, "0"],
    [640n, "640ns"],
    [999_600n, "1ms"],
    [1_240_000n, "1.24ms"],
    [60_000_000n, "60ms"],
    [999_900_000n, "1s"],
    [1_418_000_000n, "1.42s"],
    [59_990_000_000n, "1m 0s"],
    [123_000_000_000n, "2m 3s"],
    [3_900_000_000_000n, "1h 5m"],
    [273_600_000_000_000n, "3d 4h"]
  ]
  for (const [nanos, text] of cases) {
    it(`${nanos} ns is ${text}`, () => assert.strictEqual(duration(nanos), text))
  }
})

describe("fit", () => {
  for (const text of ["", "a", "abcdef", "注文", "a注文b", "👩‍👩‍👧‍👦ab"]) {
    it(`gives "${text}" any number of cells`, () => {
      for (let cells = 0; cells < 8; cells++) assert.strictEqual(stringWidth(fit(text, cells)), cells)
    })
  }
})

describe("the program", { timeout: 30_000 }, () => {
  const main = fileURLToPath(new URL("../src/waterfall/main.ts", import.meta.url))

  it("draws an order, without color where nobody sees it", () => {
    const { status, stderr, stdout } = spawnSync(process.execPath, [main], { encoding: "utf8" })
    assert.strictEqual(status, 0, stderr)
    assert.strictEqual(stderr, "")
    for (const part of ["run order → Shipped", "attempt 1 CatalogBusy", "(CardDeclined)", "branch fraud", "2✓ 1✗ 1⊘"])
      assert.include(stdout, part)
    assert.strictEqual(stripVTControlCharacters(stdout), stdout)
    assert.isAtMost(widest(stdout.split("\n")), 100)
  })
})
