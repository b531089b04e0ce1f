import { deadline, type Mode, type PrepareBatch, type Shape, waitsOf } from "../concurrent/shape.ts"
import type { Contender } from "../harness/contender.ts"
import { difference, ratio, type Suite } from "../harness/suite.ts"

const promises = () => import("../concurrent/promises.ts")

interface Way {
  readonly name: string
  readonly label: string
  /** The most instances that it can start in a time that makes sense. */
  readonly most: number
  readonly load: () => Promise<PrepareBatch>
}

const cano: Way = {
  name: "cano",
  label: "effect-cano",
  most: 10_000,
  load: async () => (await import("../concurrent/cano.ts")).cano
}

const sequential: Way = {
  name: "sequential",
  label: "one after another",
  most: 50,
  load: async () => (await promises()).sequential
}

const ideal: Way = {
  name: "ideal",
  label: "the longest instance alone",
  most: 10_000,
  load: async () => (await promises()).ideal
}

const ways: ReadonlyArray<Way> = [
  { name: "promises", label: "promises", most: 10_000, load: async () => (await promises()).promises },
  { name: "p-limit", label: "p-limit", most: 10_000, load: async () => (await promises()).limited },
  {
    name: "forEach",
    label: "`Effect.forEach`",
    most: 10_000,
    load: async () => (await import("../concurrent/effect.ts")).forEach
  },
  cano,
  {
    name: "xstate",
    label: "XState actors",
    most: 10_000,
    load: async () => (await import("../concurrent/xstate.ts")).actors
  },
  {
    name: "langgraph",
    label: "LangGraph.js",
    most: 1000,
    load: async () => (await import("../concurrent/langgraph.ts")).graph
  }
]

const sizes = [5, 50, 1000, 10_000] as const

const contendersOf = (
  ways: ReadonlyArray<Way>,
  sizes: ReadonlyArray<number>,
  mode: Mode,
  shape: Shape = "mixed"
): ReadonlyArray<Contender> =>
  sizes.flatMap((size) =>
    ways
      .filter(({ most }) => size <= most)
      .map(({ label, load, name }) => ({
        name: `${name}-${size}`,
        label: `${size.toLocaleString("en-US")} instances, ${label}`,
        operations: 1,
        load: async () => (await load())(waitsOf(shape, size), mode)
      }))
  )

const common = {
  operation: "answer",
  unit: "ms",
  clock: "wall",
  baseline: undefined
} as const

const againstForEach = sizes.map((size) => ratio(`cano-${size}`, `forEach-${size}`, { atMost: 1.1 }))

export const concurrentAll: Suite = {
  ...common,
  name: "concurrent",
  title: "Many instances, waiting for all",
  about:
    "Instances of 3 states that wait 2 to 10 ms each, all at once. The longest instance alone is what no batch can beat.",
  contenders: contendersOf([...ways, sequential, ideal], sizes, "all"),
  comparisons: [
    ...againstForEach,
    ratio("ideal-5", "cano-5", { atLeast: 0.95 }),
    ratio("ideal-50", "cano-50", { atLeast: 0.95 }),
    ratio("sequential-5", "cano-5"),
    ratio("sequential-50", "cano-50")
  ]
}

export const concurrentQuota: Suite = {
  ...common,
  name: "concurrent-quota",
  title: "Many instances, a quota of half",
  about: "The same instances until half of them have succeeded; the others are stopped, and awaited.",
  contenders: contendersOf(ways, sizes, "quota"),
  comparisons: againstForEach
}

export const concurrentDeadline: Suite = {
  ...common,
  name: "concurrent-deadline",
  title: `Many instances, a deadline of ${deadline} ms`,
  about:
    `The same instances for ${deadline} ms; those that have not ended are stopped, and awaited. The difference to a bare ` +
    "timer is how late the answer comes.",
  contenders: [
    { name: "timer", label: "the timer alone", operations: 1, load: async () => (await promises()).timer(deadline) },
    ...contendersOf(ways, sizes, "deadline")
  ],
  comparisons: [
    difference("cano-1000", "timer", { atMost: 5 }),
    difference("cano-10000", "timer", { atMost: 30 }),
    ...["forEach", "promises", "xstate"].flatMap((name) => [
      difference(`${name}-1000`, "timer"),
      difference(`${name}-10000`, "timer")
    ]),
    ...againstForEach
  ]
}

export const concurrentEqual: Suite = {
  ...common,
  name: "concurrent-equal",
  title: "Equal instances, against one after another",
  about: "5 and 50 instances of 14 ms each: the shape of the figures in Cano's README.",
  contenders: contendersOf([...ways.slice(0, 4), sequential], [5, 50], "all", "equal"),
  comparisons: [ratio("sequential-5", "cano-5", { atLeast: 4.75 }), ratio("sequential-50", "cano-50", { atLeast: 47 })]
}
