import { difference, type Goal, type Suite } from "../harness/suite.ts"

const load = (source: "empty" | "literals" | "records", size: number) => async () =>
  (await import("../typecheck/compile.ts")).compile(source, size)

/** How much longer than the imports alone a machine may take, in milliseconds. */
const goals: ReadonlyArray<readonly [size: number, goal: Goal]> = [
  [50, { atMost: 2000 }],
  [200, { atMost: 2000 }],
  [400, { atMost: 2500 }]
]

export const typecheck: Suite = {
  name: "typecheck",
  title: "Type-checking",
  about:
    "`tsc --noEmit` on one file: a machine of 50, 200 or 400 states with 3 edges each in a mixture of styles, against a " +
    "file with the same imports and nothing else.",
  operation: "compilation",
  unit: "ms",
  clock: "wall",
  baseline: "empty",
  contenders: [
    { name: "empty", label: "the imports alone", operations: 1, load: load("empty", 0) },
    ...goals.flatMap(([size]) => [
      {
        name: `literals${size}`,
        label: `${size} states, string literals`,
        operations: 1,
        load: load("literals", size)
      },
      { name: `records${size}`, label: `${size} states, tagged records`, operations: 1, load: load("records", size) }
    ])
  ],
  comparisons: goals.flatMap(([size, goal]) => [
    difference(`literals${size}`, "empty", goal),
    difference(`records${size}`, "empty", goal)
  ])
}
