/** What the tests of spans share. */
import { assert } from "@effect/vitest"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Tracer from "effect/Tracer"
import * as Node from "../../src/Node.ts"
import * as Retry from "../../src/Retry.ts"
import * as Task from "../../src/Task.ts"
import * as Workflow from "../../src/Workflow.ts"

export class Flaky extends Data.TaggedError("Flaky")<{ readonly detail: string }> {}

export const Letters = Schema.Literals(["A", "B", "C", "Done", "Failed"])

/** One line a span, indented by depth, children after their parent. */
export const treeOf = (spans: ReadonlyArray<Tracer.NativeSpan>): ReadonlyArray<string> => {
  const lines: Array<string> = []
  const visit = (parent: string | undefined, indent: string) => {
    for (const span of spans) {
      const own = Option.getOrUndefined(span.parent)
      if (own?.spanId !== parent) continue
      lines.push(indent + span.name)
      visit(span.spanId, indent + "  ")
    }
  }
  visit(undefined, "")
  return lines
}

export const attributesOf = (spans: ReadonlyArray<Tracer.NativeSpan>, name: string) =>
  spans.filter((span) => span.name === name).map((span) => Object.fromEntries(span.attributes))

export const exitOf = (span: Tracer.NativeSpan | undefined) =>
  span?.status._tag === "Ended" ? span.status.exit : assert.fail("the span has not ended")

/** Fails so often, then gives "C". */
const flaky = (failures: number) => {
  let left = failures
  return Effect.suspend(() => (left-- > 0 ? Effect.fail(new Flaky({ detail: "d" })) : Effect.succeed("C" as const)))
}

export const order = (failures: number) =>
  Workflow.make("order", Letters, {
    initial: "A",
    exits: ["Done", "Failed"],
    states: {
      A: { to: ["B"], run: () => "B" },
      B: { to: ["C"], run: Task.make({ name: "fetch", retry: Retry.fixed(2, "3 seconds"), run: flaky(failures) }) },
      C: { to: ["Done", "Failed"], run: Node.make({ prep: () => 1, exec: () => 2, post: () => "Done" }) }
    }
  })
