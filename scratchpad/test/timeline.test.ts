import { spawnSync } from "node:child_process"
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath, pathToFileURL } from "node:url"
import { assert, describe, it } from "@effect/vitest"
import * as Data from "effect/Data"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/testing/TestClock"
import * as Concurrent from "effect-cano/Concurrent"
import * as Observer from "effect-cano/Observer"
import * as Retry from "effect-cano/Retry"
import * as Task from "effect-cano/Task"
import * as Workflow from "effect-cano/Workflow"
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core"
import { afterAll, beforeAll } from "vitest"
import { order, payment } from "../src/shop/order.ts"
import * as Model from "../src/timeline/model.ts"
import { page } from "../src/timeline/page.ts"

// -----------------------------------------------------------------------------
// subjects
// -----------------------------------------------------------------------------

/** The events of an effect that has an hour of virtual time. */
const eventsOf = <A, E>(effect: Effect.Effect<A, E>, time: Duration.Input = "1 hour") =>
  Effect.gen(function* () {
    const fiber = yield* Effect.forkChild(Observer.record(Effect.delay(effect, 1)))
    yield* TestClock.adjust(time)
    return (yield* Fiber.join(fiber)).events
  }).pipe(Effect.provide(TestClock.layer()))

const place = (card: string, ...items: ReadonlyArray<string>) => Workflow.run(order, { _tag: "Cart", items, card })

const twoOrders = eventsOf(Effect.andThen(place("expired", "teapot", "cups"), place("stolen", "tea")))

class Offline extends Data.TaggedError("Offline")<{}> {}

const Poll = Schema.Literals(["Ask", "Wait", "Answered"])

/** So many rounds of a loop, then a failure that no edge takes. */
const poll = (rounds: number) => {
  let left = rounds
  return Workflow.make("poll", Poll, {
    initial: "Ask",
    exits: ["Answered"],
    states: {
      Ask: {
        to: ["Answered", "Wait"],
        run: Task.make({
          retry: Retry.fixed(1, "1 second"),
          run: (): Effect.Effect<"Answered" | "Wait", Offline> =>
            left-- > 0 ? Effect.succeed("Wait") : Effect.fail(new Offline())
        })
      },
      Wait: { to: ["Ask"], run: Effect.as(Effect.sleep("10 seconds"), "Ask") }
    }
  })
}

const Quick = Schema.Literals(["A", "B", "C"])

const quick = Workflow.make("quick", Quick, {
  initial: "A",
  exits: ["C"],
  states: { A: { to: ["B"], run: () => "B" }, B: { to: ["C"], run: () => "C" } }
})

// -----------------------------------------------------------------------------
// the model
// -----------------------------------------------------------------------------

const visitsOf = (run: Model.Run | undefined) => run?.visits.map(({ text }) => text)

describe("the model of a page", () => {
  it.effect("has a visit for each state entered, with its attempts and what they failed with", () =>
    Effect.gen(function* () {
      const { runs } = Model.make([order], yield* twoOrders)
      assert.deepStrictEqual(visitsOf(runs[0]), [
        "Cart: 1 attempt in 0 ms, then Price",
        "Price: 2 attempts in 240 ms, then Check",
        "Check: 1 attempt in 200 ms, then Pay",
        "Pay: CardDeclined, 1 attempt in 210 ms, then OtherCard",
        "OtherCard: 1 attempt in 150 ms, then Pay",
        "Pay, visit 2: 1 attempt in 120 ms, then Ship",
        "Ship: 1 attempt in 220 ms, then Shipped",
        "Shipped: the exit"
      ])
      assert.deepStrictEqual(runs[0]?.visits[1]?.details, [
        "attempt 1: failed with CatalogBusy after 90 ms",
        "attempt 2: 90 ms"
      ])
      assert.strictEqual(runs[0]?.summary, "The run ended in Shipped after 7 transitions and 1.14 s")
      assert.strictEqual(runs[1]?.summary, "The run ended in Cancelled after 3 transitions and 440 ms")
    })
  )

  it.effect("nests runs, and leaves out those of other workflows", () =>
    Effect.gen(function* () {
      const events = yield* twoOrders
      const shown = (model: Model.Model) => model.runs.map(({ depth, title }) => `${depth} ${title}`)
      assert.deepStrictEqual(shown(Model.make([order, payment], events)), [
        "0 run 1: order, Shipped",
        "1 run 2: payment, failure",
        "1 run 3: payment, Paid",
        "0 run 8: order, Cancelled"
      ])
      assert.deepStrictEqual(shown(Model.make([payment], events)), [
        "0 run 2: payment, failure",
        "0 run 3: payment, Paid"
      ])
    })
  )

  it.effect("tells of a run that failed, one that was interrupted and one that has not ended", () =>
    Effect.gen(function* () {
      const failed = Model.make([poll(0)], yield* eventsOf(Effect.exit(Workflow.run(poll(1)))))
      assert.deepStrictEqual(visitsOf(failed.runs[0]), [
        "Ask: 1 attempt in 0 ms, then Wait",
        "Wait: 1 attempt in 10.00 s, then Ask",
        "Ask, visit 2: the run failed with Offline, 2 attempts"
      ])
      const limited = Effect.timeoutOption(Workflow.run(poll(9)), "15 seconds")
      const events = yield* eventsOf(limited)
      assert.deepStrictEqual(
        visitsOf(Model.make([poll(0)], events).runs[0])?.at(-1),
        "Wait, visit 2: interrupted, 1 attempt"
      )
      const open = Model.make([poll(0)], events.slice(0, -1))
      assert.deepStrictEqual(visitsOf(open.runs[0])?.at(-1), "Wait, visit 2 still runs")
      assert.strictEqual(open.runs[0]?.outcome, "running")
    })
  )

  it("makes a page of no runs at all", () => {
    assert.deepStrictEqual(Model.make([order], []).runs, [])
    assert.include(page([order], []), "<!doctype html>")
  })

  it.effect("is the same page for the same events", () =>
    Effect.gen(function* () {
      const events = yield* twoOrders
      assert.strictEqual(page([order, payment], events), page([order, payment], events))
    })
  )
})

// -----------------------------------------------------------------------------
// the page
// -----------------------------------------------------------------------------

const folder = mkdtempSync(join(tmpdir(), "timeline-"))
afterAll(() => rmSync(folder, { recursive: true }))

describe("the program", { timeout: 30_000 }, () => {
  it("writes the page where it is told to, and says where", () => {
    const main = fileURLToPath(new URL("../src/timeline/main.ts", import.meta.url))
    const file = join(folder, "a folder", "page.html")
    const { status, stderr, stdout } = spawnSync(process.execPath, [main, file], { encoding: "utf8" })
    assert.strictEqual(status, 0, stderr)
    assert.strictEqual(stdout, `Open ${pathToFileURL(file).href}\n`)
    assert.match(readFileSync(file, "utf8"), /^<!doctype html>[^]*run 1: order, Shipped[^]*<\/html>\n$/)
  })
})

const browsers = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"]
const executablePath = browsers.map((name) => `/usr/bin/${name}`).find((path) => existsSync(path))
const isRequired = process.env["CI"] !== undefined

if (executablePath === undefined) {
  const missing = `needs Chromium in /usr/bin (apt-get install chromium)`
  const test = isRequired ? it : it.skip
  if (!isRequired) console.warn(`Skipped: the test of the page in a browser ${missing}`)
  test(`the page in a browser ${missing}`, () => assert.fail(`CI ${missing}`))
}

describe.runIf(executablePath !== undefined)("the page in a browser", { timeout: 30_000 }, () => {
  let browser: Browser | undefined

  beforeAll(async () => {
    browser = await chromium.launch({
      executablePath: executablePath!,
      args: [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync"
      ]
    })
  }, 60_000)
  afterAll(() => browser?.close())

  let pages = 0
  /** Opens a page from a file, lets a test use it, and gives whatever was loaded, refused, logged or asked meanwhile. */
  const watch = async (html: string, options: BrowserContextOptions, use: (page: Page) => Promise<void>) => {
    const file = join(folder, `${pages++}.html`)
    writeFileSync(file, html)
    const { href } = pathToFileURL(file)
    const context = await browser!.newContext(options)
    const noise: Array<string> = []
    context.on("console", (message) => noise.push(`${message.type()}: ${message.text()}`))
    context.on("weberror", (error) => noise.push(`error: ${error.error().message}`))
    context.on("dialog", (dialog) => noise.push(`dialog: ${dialog.message()}`))
    context.on("request", (request) => noise.push(...(request.url() === href ? [] : [`request: ${request.url()}`])))
    await context.addInitScript(() => {
      addEventListener("securitypolicyviolation", (event) => console.error(`refused by ${event.effectiveDirective}`))
    })
    const page = await context.newPage()
    try {
      await page.goto(href)
      await use(page)
    } finally {
      await context.close()
    }
    return noise
  }

  /** {@link watch} for a page that has to be quiet. */
  const open = async (html: string, options: BrowserContextOptions, use: (page: Page) => Promise<void>) =>
    assert.deepStrictEqual(await watch(html, options, use), [])

  const isHacked = (page: Page) => page.evaluate(() => (globalThis as { hacked?: number }).hacked !== undefined)
  const textsOf = (page: Page, selector: string) => page.locator(selector).allTextContents()
  const currentOf = (page: Page) => textsOf(page, "[data-machine]:not([hidden]) .state.current title")
  const ordersPage = Effect.map(twoOrders, (events) => page([order, payment], events))
  const orders = () => Effect.runPromise(ordersPage)

  it("draws every state and every edge, error edges with their failures", async () => {
    await open(await orders(), {}, async (page) => {
      const machine = page.getByRole("group", { name: "Diagram of order" })
      const names = await machine.locator("[data-state] title").allTextContents()
      assert.deepStrictEqual(names, [...order.edges.keys(), ...order.exits])
      assert.strictEqual(
        await machine.locator("[data-edge] path").count(),
        Array.from(order.edges.values()).flat().length
      )
      assert.deepStrictEqual(await machine.locator(".edge.error text").allTextContents(), ["CardDeclined"])
    })
  })

  it("shows where the run is after each event, by arrow keys, by the buttons and by the slider", async () => {
    const events = (await Effect.runPromise(twoOrders)).filter(({ run }) => run === "1")
    const expected = events.map((event) => (event._tag === "StateLeft" ? event.next : event.state))
    await open(await orders(), {}, async (page) => {
      for (const [index, state] of expected.entries()) {
        assert.deepStrictEqual(await currentOf(page), [state], `step ${index + 1}`)
        await page.keyboard.press("ArrowRight")
      }
      await page.keyboard.press("Home")
      assert.deepStrictEqual(await currentOf(page), ["Cart"])
      await page.keyboard.press("End")
      assert.deepStrictEqual(await currentOf(page), ["Shipped"])
      await page.getByRole("button", { name: "One step back" }).click()
      await page.keyboard.press("ArrowLeft")
      assert.deepStrictEqual(await currentOf(page), [expected.at(-3)])
      const slider = page.getByRole("slider", { name: "Step" })
      for (const index of [0, 5, 9, 13]) {
        await slider.fill(String(index))
        assert.deepStrictEqual(await currentOf(page), [expected[index]])
        assert.include(await slider.getAttribute("aria-valuetext"), `Step ${index + 1} of ${expected.length}`)
      }
      await slider.press("ArrowRight")
      assert.deepStrictEqual(await currentOf(page), [expected[14]])
    })
  })

  it("counts visits and attempts, and shows the path and the edges that were taken", async () => {
    await open(await orders(), {}, async (page) => {
      const pay = page.locator(".state", { has: page.getByText("Pay", { exact: true }) }).first()
      await page.keyboard.press("End")
      assert.strictEqual(await pay.getAttribute("aria-label"), "Pay, 2 visits · 2 attempts")
      const path = ["Cart", "Price", "Check", "Pay", "OtherCard", "Pay", "Ship", "Shipped"]
      assert.deepStrictEqual(await textsOf(page, "#path li"), path)
      assert.strictEqual(await page.locator(".edge.error.taken").count(), 1)
      assert.strictEqual(await page.locator("[data-machine='0'] .edge.taken").count(), new Set(path).size)
      await page.keyboard.press("Home")
      assert.strictEqual(await page.locator(".edge.taken").count(), 0)
      assert.strictEqual(await page.locator("[data-machine='0'] .state.visited").count(), 0)
    })
  })

  it("plays the run to its end, and can be paused", async () => {
    const html = await orders()
    await open(html, {}, async (page) => {
      await page.clock.install()
      await page.reload()
      await page.getByRole("button", { name: "Play" }).click()
      await page.clock.runFor(1500)
      assert.match((await textsOf(page, "#step"))[0]!, /^Step 3 of/)
      await page.getByRole("button", { name: "Pause" }).click()
      await page.clock.runFor(5000)
      assert.match((await textsOf(page, "#step"))[0]!, /^Step 3 of/)
      await page.getByRole("heading", { name: "The run" }).click()
      await page.keyboard.press("Space")
      await page.clock.runFor(60_000)
      assert.deepStrictEqual(await currentOf(page), ["Shipped"])
      assert.isTrue(await page.getByRole("button", { name: "Play" }).isVisible())
    })
  })

  it("tells of a visit where its bar is pointed at or focused", async () => {
    await open(await orders(), {}, async (page) => {
      const tip = page.getByRole("tooltip")
      assert.isFalse(await tip.isVisible())
      const price = page.getByRole("group", { name: "Price" }).getByRole("button")
      await price.hover()
      const expected = ["Price: 2 attempts in 240 ms, then Check", "attempt 1: failed with CatalogBusy after 90 ms"]
      for (const text of expected) assert.include(await tip.textContent(), text)
      for (const text of expected) assert.include(await price.getAttribute("aria-label"), text)
      assert.strictEqual(await price.locator(".attempt.failed").count(), 1)
      await page.keyboard.press("Escape")
      assert.isFalse(await tip.isVisible())
      await page.getByRole("group", { name: "Pay" }).getByRole("button").first().focus()
      assert.include(await tip.textContent(), "CardDeclined")
      await page.keyboard.press("Enter")
      assert.deepStrictEqual(await currentOf(page), ["Pay"])
    })
  })

  it("shows another run, over the diagram of its machine", async () => {
    await open(await orders(), {}, async (page) => {
      const choice = page.getByRole("combobox", { name: "Run" })
      await choice.selectOption({ index: 1 })
      await page.keyboard.press("Escape")
      assert.isFalse(await page.getByRole("group", { name: "Diagram of order" }).isVisible())
      await page.getByRole("slider").press("End")
      assert.deepStrictEqual(await currentOf(page), ["Charge"])
      assert.strictEqual(await page.locator(".state.broken").count(), 1)
      assert.include(await page.locator("#summary").textContent(), "failed in Charge with CardDeclined")
    })
  })

  it("spaces the steps evenly where time shows nothing", async () => {
    const events = await Effect.runPromise(eventsOf(Workflow.run(quick)))
    await open(page([quick], events), {}, async (page) => {
      assert.isTrue(await page.getByRole("checkbox").isChecked())
      const boxes = await Promise.all((await page.locator(".bar").all()).map((bar) => bar.boundingBox()))
      assert.isBelow(boxes[0]!.x + boxes[0]!.width, boxes[1]!.x)
      assert.isFalse(await page.getByRole("combobox", { name: "Run" }).isVisible())
    })
  })

  const hostile = [
    `</script><img src=x onerror="globalThis.hacked = 1">`,
    `<!--<script>globalThis.hacked = 1</script>`,
    `"><svg onload="globalThis.hacked = 1">`,
    `' onmouseover='globalThis.hacked = 1`,
    `]]>&lt;b&gt;&amp;\u2028\u202e\\N\\"`,
    `</style></title></textarea><base href="https://example.com/">`,
    "n".repeat(256)
  ] as const

  it("takes names as text, whatever they are", async () => {
    const [start, ...others] = hostile
    class Evil extends Data.Error {
      readonly _tag: string = hostile[0]
    }
    const tags = [...others, "End"]
    const states = Object.fromEntries(
      hostile.map((tag, index) => [
        tag,
        {
          to: [tags[index]!],
          run: index === 1 ? Effect.fail(new Evil()) : () => tags[index]!,
          catch: index === 1 ? { [hostile[0]]: tags[index]! } : {}
        }
      ])
    )
    const evil: Workflow.Workflow.Any = (Workflow.make as any)(hostile[0], Schema.Literals([start, ...tags]), {
      initial: start,
      exits: ["End"],
      states
    })
    const batch = Concurrent.workflow(evil as Workflow.Workflow<"End", "End">, {
      instances: hostile.map((id) => ({ id }))
    })
    const html = page([evil], await Effect.runPromise(eventsOf(batch)))
    assert.strictEqual(html.split("</script>").length, 3)
    await open(html, { viewport: { width: 375, height: 667 } }, async (page) => {
      await page.keyboard.press("End")
      assert.deepStrictEqual(await textsOf(page, "#path li"), [...hostile, "End"])
      assert.include((await textsOf(page, "#run option"))[1]!, hostile[1])
      assert.strictEqual(await page.title(), `${hostile[0]}: what its runs did`)
      for (const bar of await page.locator(".bar").all()) await bar.focus()
      assert.strictEqual(await page.locator("img, svg svg, base").count(), 0)
      assert.isFalse(await isHacked(page))
      const [content, window] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth])
      assert.isAtMost(content!, window!)
    })
  })

  it("runs no script but its own and loads nothing, even if something got in", async () => {
    const intruder = `<img src="https://example.com/x" onerror="globalThis.hacked = 1"><script>globalThis.hacked = 1</script>`
    const noise = await watch((await orders()).replace("<main>", `<main>${intruder}`), {}, async (page) => {
      assert.isFalse(await isHacked(page))
    })
    const refused = noise.filter((line) => line.includes("refused by")).map((line) => line.replace(/^.* /, ""))
    assert.sameMembers(refused, ["img-src", "script-src-elem", "script-src-attr"])
  })

  it("fits a phone, and follows the reader's colors", async () => {
    const html = await orders()
    const backgrounds = new Set<string>()
    for (const colorScheme of ["light", "dark"] as const) {
      await open(
        html,
        { viewport: { width: 375, height: 667 }, colorScheme, reducedMotion: "reduce" },
        async (page) => {
          const [content, window] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth])
          assert.isAtMost(content!, window!)
          for (const bar of await page.locator(".bar").all()) {
            await bar.focus()
            const box = (await page.getByRole("tooltip").boundingBox())!
            assert.isAtLeast(box.x, 0)
            assert.isAtMost(box.x + box.width, 375)
          }
          await page.evaluate(() => scrollTo(0, document.body.scrollHeight))
          assert.isTrue(await page.getByRole("button", { name: "Play" }).isVisible())
          backgrounds.add(await page.evaluate(() => getComputedStyle(document.body).backgroundColor))
          assert.strictEqual(
            await page.locator("#cursor").evaluate((cursor) => getComputedStyle(cursor).transitionDuration),
            "0s"
          )
        }
      )
    }
    assert.strictEqual(backgrounds.size, 2)
  })

  it("shows the diagram without scripts", async () => {
    await open(await orders(), { javaScriptEnabled: false }, async (page) => {
      assert.isTrue(await page.getByRole("group", { name: "Diagram of order" }).isVisible())
      assert.isTrue(await page.locator("noscript p").isVisible())
    })
  })
})
