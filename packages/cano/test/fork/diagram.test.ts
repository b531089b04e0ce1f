import { assert, beforeAll, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import { JSDOM } from "jsdom"
import { readFileSync } from "node:fs"
import * as Retry from "../../src/Retry.ts"
import * as Task from "../../src/Task.ts"
import * as Wait from "../../src/Wait.ts"
import * as Workflow from "../../src/Workflow.ts"
import { after } from "../support/forks.ts"

describe("in a diagram", () => {
  const fixture = readFileSync(new URL("../fixtures/fork.mmd", import.meta.url), "utf8")
  const Reading = Schema.Literals(["Ask", "Spread", "Trusted", "Failed"])
  const read = Workflow.make("read", Reading, {
    initial: "Ask",
    exits: ["Trusted", "Failed"],
    states: {
      Ask: {
        to: ["Spread", "Failed"],
        run: Task.fork({
          branches: { 'replica "a"': after(1, 1), "replica <b>": after(2, 2), c: after(3, 3) },
          wait: Wait.quota(2),
          timeout: "1 second",
          retry: Retry.fixed(2, 100),
          join: () => "Spread"
        }),
        catch: { ForkUnmet: "Failed", ForkTimeout: "Failed" }
      },
      Spread: {
        to: ["Trusted"],
        run: Task.fork({
          branches: (_: "Spread") => [after(1, 1)],
          wait: Wait.quotaOrDuration(3, "1 minute"),
          join: () => "Trusted"
        })
      }
    }
  })

  it("is drawn as a fork: the golden file", () => {
    assert.strictEqual(Workflow.toMermaid(read), fixture)
  })

  describe("read by Mermaid's own parser", () => {
    let nodes: ReadonlyArray<readonly [string, string, string]>
    let edges: ReadonlyArray<readonly [string, string, string]>

    beforeAll(async () => {
      const { window } = new JSDOM("<!doctype html><body></body>")
      Object.assign(globalThis, { window, document: window.document })
      const { default: mermaid } = await import("mermaid")
      await mermaid.parse(fixture)
      const { db } = (await mermaid.mermaidAPI.getDiagramFromText(fixture)) as any
      const decode = (text: string) => text.replace(/ﬂ°°(\d+)¶ß/g, (_, code) => String.fromCodePoint(Number(code)))
      nodes = Array.from(db.getVertices() as Map<string, any>, ([id, { text, type }]) => [id, decode(text), type])
      edges = (db.getEdges() as Array<any>).map(({ end, start, stroke }) => [start, end, stroke])
    }, 60_000)

    it("it has the branches and the joins that are meant", () => {
      assert.deepStrictEqual(
        nodes.filter(([id]) => /b\d|join/.test(id)),
        [
          ["s0b0", 'replica "a"', "subroutine"],
          ["s0join", "2 succeeded", "hexagon"],
          ["s0b1", "replica <b>", "subroutine"],
          ["s0b2", "c", "subroutine"],
          ["s1b0", "…", "subroutine"],
          ["s1join", "3 succeeded or 1m", "hexagon"]
        ]
      )
      assert.deepStrictEqual(edges, [
        ["start", "s0", "normal"],
        ["s0", "s0b0", "thick"],
        ["s0b0", "s0join", "thick"],
        ["s0", "s0b1", "thick"],
        ["s0b1", "s0join", "thick"],
        ["s0", "s0b2", "thick"],
        ["s0b2", "s0join", "thick"],
        ["s0join", "s1", "normal"],
        ["s0", "s3", "dotted"],
        ["s1", "s1b0", "thick"],
        ["s1b0", "s1join", "thick"],
        ["s1join", "s2", "normal"]
      ])
    })
  })
})
