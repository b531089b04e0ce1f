/** Diagrams: golden files, labels that cannot break out of their node, and Mermaid's own parser as the judge. */
import { assert, beforeAll, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import { JSDOM } from "jsdom"
import { readFileSync } from "node:fs"
import { makeUnchecked, type Unchecked } from "effect-cano-testing/Runs"
import { random } from "effect-cano-testing/Seed"
import * as Node from "../../src/Node.ts"
import * as Retry from "../../src/Retry.ts"
import * as Task from "../../src/Task.ts"
import * as Workflow from "../../src/Workflow.ts"

const fixture = (name: string) => readFileSync(new URL(`../fixtures/${name}.mmd`, import.meta.url), "utf8")

const fails = (...tags: ReadonlyArray<string>) => Effect.fail({ _tag: tags[0] }) as Effect.Effect<never, any>

const order = makeUnchecked(
  "order",
  Schema.Literals(["Start", "Validate", "Process", "Review", "Complete", "Failed"]),
  {
    initial: "Start",
    exits: ["Complete", "Failed"],
    states: {
      Start: { to: ["Validate"], run: () => "Validate" },
      Validate: {
        to: ["Process", "Failed"],
        run: Task.make({ retry: Retry.fixed(3, "2 seconds"), run: fails("Declined") }),
        catch: { Declined: "Failed", Expired: "Failed" }
      },
      Process: {
        to: ["Review", "Complete", "Process"],
        run: Node.make({
          name: "process",
          retry: Retry.exponential(5),
          attemptTimeout: "30 seconds",
          prep: () => 1,
          exec: () => 1,
          post: () => "Complete"
        }),
        catch: { AttemptTimeout: "Process", LowQuality: () => "Review" }
      },
      Review: {
        to: ["Process", "Failed"],
        run: Task.make({ retry: Schedule.recurs(2), attemptTimeout: "90 minutes", run: () => "Failed" })
      }
    }
  }
)

/** Labels that would mean something to Mermaid, to HTML or to a URL, if they were not escaped. */
const hostile = [
  `"] --> s0["`,
  "end",
  "A; s0 --> s9",
  "line\nbreak",
  "\r\n  s9[x]",
  "<script>alert(1)</script>",
  `click s0 "javascript:alert(1)"`,
  "%% comment",
  "%%{init: {}}%%",
  "#quot;",
  "#35;",
  "`**bold**`",
  "a|b",
  "$$x^2$$",
  "((o)) {{h}} [/p/] >f]",
  "subgraph x",
  "--> ==> -.->",
  ":::class",
  "\u2028\u2029\0\u0007",
  "\u202eright to left",
  "<br/>",
  "&lt;b&gt;&amp;",
  "\\n \\",
  "'",
  "fa:fa-ban",
  "👩‍👩‍👧 ключ e\u0301",
  "__proto__",
  "constructor",
  "x".repeat(256),
  " "
]

/** A chain of states with these labels, and as many error edges with them. */
const chain = (labels: ReadonlyArray<string>): Unchecked => {
  const states = labels.slice(0, -1).map((label, i) => {
    const next = labels[i + 1]!
    return [label, { to: [next], run: () => next, catch: { [label]: next, [`${label}!`]: () => next } }]
  })
  return makeUnchecked("chain", Schema.Literals(labels), {
    initial: labels[0],
    exits: [labels.at(-1)],
    states: Object.fromEntries(states)
  })
}

describe("toMermaid", () => {
  it("draws states, exits, error edges and badges: the golden file", () => {
    assert.strictEqual(Workflow.toMermaid(order), fixture("order"))
  })

  it("escapes hostile labels: the golden file", () => {
    assert.strictEqual(Workflow.toMermaid(chain(hostile)), fixture("hostile"))
  })

  it("draws the edges for all other failures, those with a payload, and those of the workflow", () => {
    const workflow = makeUnchecked("order", Schema.Literals(["Start", "Pay", "Check", "Complete", "Failed"]), {
      initial: "Start",
      exits: ["Complete", "Failed"],
      states: {
        Start: { to: ["Pay"], run: () => "Pay" },
        Pay: {
          to: ["Check", "Failed"],
          run: fails("Declined"),
          catch: { Declined: { to: "Failed", with: () => ({}) }, Late: "Check" }
        },
        Check: { to: ["Complete", "Failed"], run: () => "Complete", catch: { "*": "Failed" } }
      },
      catch: { Late: "Failed", "*": "Failed" }
    })
    assert.strictEqual(
      Workflow.toMermaid(workflow),
      `flowchart TD
  start(( )) --> s0
  s0["Start"]
  s1["Pay"]
  s2["Check"]
  s3(["Complete"])
  s4(["Failed"])
  s0 --> s1
  s1 -. "Late" .-> s2
  s1 -. "Declined, #42;" .-> s4
  s2 --> s3
  s2 -. "#42;" .-> s4
`
    )
  })

  it("draws what withMaxTransitions and withSpan gave the same", () => {
    const same = order.pipe(Workflow.withMaxTransitions(9), Workflow.withSpan("x"))
    assert.strictEqual(Workflow.toMermaid(same), Workflow.toMermaid(order))
  })

  it("10^3 random labels never break out of their node", () => {
    const { labels } = randomLabels()
    for (let i = 0; i < labels.length; i += 10) {
      const lines = Workflow.toMermaid(chain(labels.slice(i, i + 10))).split("\n")
      for (const line of lines) {
        // Between the quotes: letters, digits, a few harmless signs, character codes, and our own line breaks and badges.
        const text = `"(?:[\\p{L}\\p{N} _.,×⚠-]|#\\d+;|<br/>)*"`
        const shapes = `flowchart TD|  start\\(\\( \\)\\) --> s\\d+|  s\\d+\\[${text}\\]|  s\\d+\\(\\[${text}\\]\\)|  s\\d+ (-->|-\\. ${text} \\.->) s\\d+|`
        assert.match(line, new RegExp(`^(${shapes})$`, "u"))
      }
      assert.strictEqual(lines.length, 1 + 1 + 10 + 9 + 1)
    }
  })
})

/** Random labels out of an alphabet in which most characters mean something to Mermaid; all distinct. */
const randomLabels = () => {
  const { chance, int, pick } = random(7)
  const signs = Array.from(`"'\`[](){}<>|/\\-=.#;:&%@$*_~^!?,\n\r\t \0 endxo0`)
  const char = () => (chance(0.8) ? pick(signs) : String.fromCodePoint(int(0x11000)))
  const label = () => Array.from({ length: 1 + int(30) }, char).join("")
  const labels = new Set<string>()
  while (labels.size < 1000) labels.add(label())
  return { labels: [...labels] }
}

describe("Mermaid's own parser", () => {
  interface Parsed {
    readonly nodes: ReadonlyArray<readonly [id: string, text: string, shape: string | undefined]>
    readonly edges: ReadonlyArray<readonly [from: string, to: string, text: string, stroke: string | undefined]>
  }
  let parse: (text: string) => Promise<Parsed>

  /** Mermaid keeps character codes in a form of its own until it draws. */
  const decode = (text: string) =>
    text.replace(/ﬂ°°(\d+)¶ß/g, (_, code) => String.fromCodePoint(Number(code))).replaceAll("<br>", "<br/>")

  beforeAll(async () => {
    const { window } = new JSDOM("<!doctype html><body></body>")
    Object.assign(globalThis, { window, document: window.document })
    const { default: mermaid } = await import("mermaid")
    parse = async (text) => {
      await mermaid.parse(text)
      const { db } = (await mermaid.mermaidAPI.getDiagramFromText(text)) as any
      const nodes = Array.from(
        db.getVertices() as Map<string, any>,
        ([id, node]) => [id, decode(node.text), node.type] as const
      )
      const edges = (db.getEdges() as Array<any>).map(
        ({ end, start, stroke, text }) => [start, end, decode(text), stroke] as const
      )
      return { nodes, edges }
    }
  }, 60_000)

  it("reads a drawing of more than 500 edges where the page allows as many as its first line says", async () => {
    const tags = Array.from({ length: 30 }, (_, i) => `S${i}`)
    const states = tags.map((tag) => [tag, { to: [...tags, "Done"], run: () => "Done" }])
    const text = Workflow.toMermaid(
      makeUnchecked("large", Schema.Literals([...tags, "Done"]), {
        initial: "S0",
        exits: ["Done"],
        states: Object.fromEntries(states)
      })
    )
    assert.strictEqual(text.split("\n")[0], "%% 931 edges: call mermaid.initialize({ maxEdges: 931 })")
    const { default: mermaid } = await import("mermaid")
    mermaid.initialize({ maxEdges: 931 })
    assert.strictEqual((await parse(text)).edges.length, 931)
  }, 60_000)

  it("reads the golden file with the nodes and the edges that are meant", async () => {
    assert.deepStrictEqual(await parse(fixture("order")), {
      nodes: [
        ["start", "", "circle"],
        ["s0", "Start", "square"],
        ["s1", "Validate<br/>↻ 3 × 2s", "square"],
        ["s2", "Process<br/>↻ 5 × exponential<br/>⏱ 30s<br/>⚠ LowQuality", "square"],
        ["s3", "Review<br/>↻ retry<br/>⏱ 1h 30m", "square"],
        ["s4", "Complete", "stadium"],
        ["s5", "Failed", "stadium"]
      ],
      edges: [
        ["start", "s0", "", "normal"],
        ["s0", "s1", "", "normal"],
        ["s1", "s2", "", "normal"],
        ["s1", "s5", "Declined, Expired", "dotted"],
        ["s2", "s3", "", "normal"],
        ["s2", "s4", "", "normal"],
        ["s2", "s2", "AttemptTimeout", "dotted"],
        ["s3", "s2", "", "normal"],
        ["s3", "s5", "", "normal"]
      ]
    })
  })

  const reads = async (labels: ReadonlyArray<string>) => {
    const { edges, nodes } = await parse(Workflow.toMermaid(chain(labels)))
    const clean = labels.map((label) => label.toWellFormed())
    assert.deepStrictEqual(
      nodes.slice(1).map(([id, text]) => [id, text]),
      clean.map((label, i) => [`s${i}`, i < clean.length - 1 ? `${label}<br/>⚠ ${label}!` : label])
    )
    assert.deepStrictEqual(
      edges.map(([from, to, text]) => [from, to, text]),
      [["start", "s0", ""], ...clean.slice(0, -1).map((label, i) => [`s${i}`, `s${i + 1}`, label])]
    )
  }

  it("reads hostile labels as text, each whole and in its own node", () => reads(hostile))

  it("refuses a hostile label that is not escaped, so it is a judge", async () => {
    const refused = await parse(`flowchart TD\n  s0["a"] --> s1"]\n`).then(
      () => false,
      () => true
    )
    assert.isTrue(refused)
  })

  it("reads 10^3 random labels as text, each whole and in its own node", async () => {
    const { labels } = randomLabels()
    for (let i = 0; i < labels.length; i += 50) await reads(labels.slice(i, i + 50))
  }, 60_000)
})
