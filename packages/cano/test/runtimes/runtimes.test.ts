/**
 * The core does the same wherever it runs: `portable.ts` gives one report in every runtime, without a shim in any. What
 * is tested where is said in the README.
 */
import { execFile } from "node:child_process"
import { once } from "node:events"
import { existsSync, globSync } from "node:fs"
import { join } from "node:path"
import { text } from "node:stream/consumers"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { Worker } from "node:worker_threads"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { type Browser, chromium } from "playwright-core"
import { rolldown } from "rolldown"

const program = fileURLToPath(new URL("portable.ts", import.meta.url))

const expected = {
  retried: { _tag: "Read", words: 5, letters: 8 },
  exhausted: { _tag: "GivenUp" },
  observed:
    "RunStarted StateEntered AttemptFailed StateLeft StateEntered StateLeft StateEntered StateLeft RunEnded".split(" "),
  intercepted: ["Fetch 1", "Fetch 2", "Choose 1", "Measure 1"],
  counted: [
    ["failure", 2],
    ["success", 3]
  ],
  batch: { results: ["Cancelled", 9, 8, 7, ...Array(6).fill("Cancelled")], end: "quota", seconds: 9 },
  schedule: {
    interval: [0, 2, 4, 6].map((second) => `1970-01-01T00:00:0${second}.000Z`),
    cron: ["1970-01-01T00:00:03.000Z", "1970-01-01T00:00:06.000Z"]
  },
  real: { exit: "Done", attempts: 2 }
}

const assertReport = (printed: string) => assert.deepStrictEqual(JSON.parse(printed), expected)

/** Registers a test where its runtime is there. Where it is not, the test is skipped and says what is missing. */
const itWhere = (isThere: boolean, name: string, missing: string, test: () => Promise<void>) => {
  if (isThere) return it(name, test)
  console.warn(`Skipped: the core ${name}. ${missing}`)
  it.skip(`${name}: ${missing}`, test)
}

// -----------------------------------------------------------------------------
// servers
// -----------------------------------------------------------------------------

const run = async (command: string, args: ReadonlyArray<string>, env: Record<string, string> = {}) => {
  const { stdout } = await promisify(execFile)(command, args, { env: { ...process.env, ...env } })
  assertReport(stdout)
}

describe("Node", { timeout: 30_000 }, () => {
  it("in a process", () => run(process.execPath, [program]))

  it("in a worker thread", async () => {
    const worker = new Worker(program, { stdout: true })
    const printed = text(worker.stdout)
    await once(worker, "exit")
    assertReport(await printed)
  })
})

/** Where `pnpm runtimes` puts what is too large for every installation. */
const runtimes = fileURLToPath(new URL("../../../../.ci/runtimes/node_modules/.pnpm", import.meta.url))
const binaryOf = (pattern: string): string | undefined =>
  globSync([pattern, `${pattern}.exe`], { cwd: runtimes }).map((path) => join(runtimes, path))[0]

describe("other servers, from the sources", { timeout: 30_000 }, () => {
  const missing = "It is installed by `pnpm runtimes`, where there is one for the platform."

  const deno = binaryOf("@deno+*/node_modules/@deno/*/deno")
  itWhere(deno !== undefined, "in Deno, without any permission", missing, () =>
    run(deno!, ["run", "--no-prompt", "--no-remote", "--no-lock", program], {
      DENO_DIR: fileURLToPath(new URL("../../build/deno", import.meta.url)),
      DENO_NO_UPDATE_CHECK: "1"
    })
  )

  const bun = binaryOf("@oven+*/node_modules/@oven/*/bin/bun")
  itWhere(bun !== undefined, "in Bun", missing, () => run(bun!, ["--no-install", program]))
})

// -----------------------------------------------------------------------------
// browsers
// -----------------------------------------------------------------------------

/** One file for a browser, with Effect in it. A module that the bundler does not find would stay an import. */
const bundle = async (input: string): Promise<{ readonly code: string; readonly imports: ReadonlyArray<string> }> => {
  const built = await rolldown({ input, platform: "browser", logLevel: "silent" })
  const { output } = await built.generate({ format: "esm" })
  assert.lengthOf(output, 1)
  const { code, dynamicImports, imports } = output[0]
  return { code, imports: [...imports, ...dynamicImports] }
}

describe("a bundle for browsers", { timeout: 30_000 }, () => {
  it("of the core imports nothing", async () => {
    assert.deepStrictEqual((await bundle(program)).imports, [])
  })

  it("shows the builtin modules of Node, where there are some", async () => {
    const { imports } = await bundle(`data:text/javascript,import "node:fs"; import("node:os")`)
    assert.deepStrictEqual(imports, ["node:fs", "node:os"])
  })
})

const browsers = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"]
const executablePath = browsers.map((name) => `/usr/bin/${name}`).find((path) => existsSync(path))

describe("Chromium", { timeout: 30_000 }, () => {
  const missing = "It needs Chromium in /usr/bin (apt-get install chromium)."
  // CI installs Chromium: there a test fails without it, instead of being skipped.
  const isThere = executablePath !== undefined || process.env["CI"] !== undefined
  let browser: Browser | undefined
  let code: string

  beforeAll(async () => {
    if (!isThere) return
    assert.isDefined(executablePath, missing)
    code = (await bundle(program)).code
    browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] })
  }, 60_000)
  afterAll(() => browser?.close())

  /** Opens a page that has the bundle at hand, and gives the first line that it or its worker prints. */
  const firstLineOf = async (script: string): Promise<string> => {
    const origin = "https://page.test"
    const errors = `addEventListener("error", ({ message }) => console.error(message))`
    const html = `<!doctype html><script>${errors}</script><script type="module">${script}</script>`
    const page = await browser!.newPage()
    await page.route(`${origin}/*`, (route) =>
      route.request().url().endsWith("/portable.js")
        ? route.fulfill({ contentType: "text/javascript", body: code })
        : route.fulfill({ contentType: "text/html", body: html })
    )
    const first = page.waitForEvent("console")
    await page.goto(origin)
    const line = await first
    assert.strictEqual(line.type(), "log", line.text())
    return line.text()
  }

  itWhere(isThere, "in a page", missing, async () => {
    assertReport(await firstLineOf(`import "/portable.js"`))
  })

  itWhere(isThere, "in a Web Worker", missing, async () => {
    const script = `
      const worker = new Worker("/portable.js", { type: "module" })
      worker.onerror = (event) => console.error(event.message)`
    assertReport(await firstLineOf(script))
  })
})
