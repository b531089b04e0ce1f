import { difference, type Suite } from "../harness/suite.ts"

const load = (file: "empty" | "literals" | "records") => async () =>
  (await import("../typecheck/compile.ts")).compile(file)

export const typecheck: Suite = {
  name: "typecheck",
  title: "Type-checking",
  about:
    "`tsc --noEmit` on one file: a machine of 50 states with 3 edges each in a mixture of styles, against a file with " +
    "the same imports and nothing else.",
  operation: "compilation",
  unit: "ms",
  clock: "wall",
  baseline: "empty",
  contenders: [
    { name: "empty", label: "the imports alone", operations: 1, load: load("empty") },
    { name: "literals", label: "50 states, string literals", operations: 1, load: load("literals") },
    { name: "records", label: "50 states, tagged records", operations: 1, load: load("records") }
  ],
  comparisons: [difference("literals", "empty", { atMost: 2000 }), difference("records", "empty", { atMost: 2000 })]
}
