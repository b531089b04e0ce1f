/**
 * Writes a type test that tries every way to write an Effect in every place that takes one.
 *
 * Whatever stands there fails with `Down` and needs `Api`, unless the table says otherwise, and the type that comes out must
 * say so: an error type or a list of services that is too small would be a promise that the program does not keep. What
 * TypeScript cannot infer may be `unknown`.
 *
 * Inference depends on what stands around an expression, so each combination is a piece of source code, not a value.
 */

/** A way to write an Effect, or a function that gives one. */
interface Way {
  readonly name: string
  readonly code: string
  /** The type of its failures; default `Down`. */
  readonly failure?: string
  /** The type of its services; default `Api`. */
  readonly services?: string
}

const effects: ReadonlyArray<Way> = [
  { name: "an Effect that has a name", code: `load` },
  { name: "a union of Effects", code: `either` },
  { name: "Effect.map, data first", code: `Effect.map(load, (found) => found)` },
  { name: "Effect.map, data last", code: `load.pipe(Effect.map((found) => found))` },
  { name: "Effect.map by pipe", code: `pipe(load, Effect.map((found) => found))` },
  { name: "Effect.as, data first", code: `Effect.as(load, "Done" as const)` },
  { name: "Effect.as, data last", code: `load.pipe(Effect.as("Done" as const))` },
  { name: "Effect.flatMap of a service, data first", code: `Effect.flatMap(Api, (api) => api.call)` },
  { name: "Effect.flatMap of a service, data last", code: `Api.pipe(Effect.flatMap((api) => api.call))` },
  { name: "Effect.andThen of a service", code: `Effect.andThen(Api, (api) => api.call)` },
  { name: "Effect.andThen of two Effects", code: `Effect.andThen(Effect.void, load)` },
  { name: "Effect.tap", code: `Effect.tap(load, () => Effect.fail(new Late({ by: 1 })))`, failure: "Down | Late" },
  { name: "Effect.mapError", code: `Effect.mapError(load, () => new Late({ by: 1 }))`, failure: "Late" },
  {
    name: "Effect.catchTag",
    code: `Effect.catchTag(load, "Down", () => Effect.fail(new Late({ by: 1 })))`,
    failure: "Late"
  },
  { name: "Effect.catch", code: `Effect.catch(load, () => load)` },
  { name: "Effect.retry", code: `Effect.retry(load, Schedule.recurs(1))` },
  { name: "Effect.timeout", code: `Effect.timeout(load, "1 second")`, failure: "Down | Cause.TimeoutError" },
  {
    name: "Effect.filterOrFail",
    code: `Effect.filterOrFail(load, (found) => found === "Done", () => new Late({ by: 1 }))`,
    failure: "Down | Late"
  },
  {
    name: "Effect.match",
    code: `Effect.match(load, { onFailure: () => "Done" as const, onSuccess: (found) => found })`,
    failure: "never"
  },
  { name: "Effect.zipWith", code: `Effect.zipWith(load, load, (found) => found)` },
  { name: "Effect.race", code: `Effect.race(load, load)` },
  { name: "Effect.withSpan", code: `Effect.withSpan(load, "load")` },
  { name: "Effect.provideService", code: `Effect.provideService(load, Word, "Done")` },
  { name: "Effect.suspend", code: `Effect.suspend(() => load)` },
  { name: "Effect.gen", code: `Effect.gen(function* () { return yield* (yield* Api).call })` },
  { name: "an error", code: `new Down()`, services: "never" },
  { name: "Effect.fail", code: `Effect.fail(new Down())`, services: "never" },
  { name: "a service", code: `Word`, failure: "never", services: "Word" },
  { name: "a method of a service class", code: `Api.use((api) => api.call)` },
  {
    name: "Store.get",
    code: `Store.get(Text)`,
    failure: "Store.KeyNotFound | Store.TypeMismatch",
    services: "Store.MemoryStore"
  },
  {
    name: "Store.getOrElse, data first",
    code: `Store.getOrElse(Text, () => "Done" as const)`,
    failure: "Store.TypeMismatch",
    services: "Store.MemoryStore"
  },
  {
    name: "Store.getOrElse, data last",
    code: `Store.getOrElse(() => "Done" as const)(Text)`,
    failure: "Store.TypeMismatch",
    services: "Store.MemoryStore"
  },
  {
    name: "Store.update, data first",
    code: `Store.update(Text, (text) => text)`,
    failure: "Store.KeyNotFound | Store.TypeMismatch",
    services: "Store.MemoryStore"
  },
  { name: "an Effect of any", code: `anyEffect`, failure: "any", services: "any" },
  { name: "any", code: `anything`, failure: "any", services: "any" }
]

const functions: ReadonlyArray<Way> = [
  { name: "a function", code: `() => load` },
  { name: "a function with a parameter", code: `(_input) => load` },
  { name: "a function with an annotated parameter", code: `(_input: unknown) => load` },
  { name: "a function of Effect.map, data first", code: `() => Effect.map(load, (found) => found)` },
  { name: "a function of Effect.map with a parameter", code: `(_input) => Effect.map(load, (found) => found)` },
  { name: "a function of Effect.flatMap, data first", code: `() => Effect.flatMap(Api, (api) => api.call)` },
  { name: "a function of Effect.retry", code: `() => Effect.retry(load, Schedule.recurs(1))` },
  { name: "a function of Effect.gen", code: `() => Effect.gen(function* () { return yield* load })` },
  {
    name: "a function with a body",
    code: `() => { const loaded = Effect.map(load, (found) => found); return loaded }`
  },
  {
    name: "a function of one of two Effects",
    code: `() => (Math.random() > 0.5 ? load : Effect.as(load, "Done" as const))`
  },
  { name: "a function of any", code: `() => anything`, failure: "any", services: "any" },
  { name: "a function of an Effect of any", code: `() => anyEffect`, failure: "any", services: "any" },
  { name: "Effect.fn", code: `Effect.fn("load")(function* () { return yield* load })` },
  { name: "Effect.fnUntraced", code: `Effect.fnUntraced(function* () { return yield* load })` },
  {
    name: "Effect.fnUntraced with a pipeline",
    code: `Effect.fnUntraced(function* () { return yield* load }, Effect.map((found) => found))`
  },
  { name: "an overloaded function, the last without failures", code: `overloaded` },
  { name: "an overloaded function, the first without failures", code: `overloadedInReverse` },
  { name: "an overloaded function of three", code: `overloadedThrice` },
  { name: "a generic function", code: `generic` },
  { name: "a generic function of its failure", code: `genericFailure`, failure: "never" },
  { name: "a generic function written in place", code: `<In>(_input: In) => load` },
  { name: "a function of the type any", code: `anyFunction`, failure: "any", services: "any" }
]

const generators: ReadonlyArray<Way> = [
  { name: "a generator function", code: `function* () { return yield* (yield* Api).call }` },
  { name: "a generator function with a parameter", code: `function* (_input) { return yield* load }` },
  {
    name: "a generator function of Effect.map",
    code: `function* () { return yield* Effect.map(load, (found) => found) }`
  },
  { name: "a function that gives a generator", code: `() => (function* () { return yield* load })()` },
  {
    name: "a function of an Effect or a value",
    code: `() => (Math.random() > 0.5 ? Effect.map(load, (found) => found) : ("Done" as const))`
  }
]

/** Work in all its forms. */
const work = [...effects, ...functions, ...generators]

/** A function only, as the later phases of a node are. */
const phases = [...functions, ...generators]

/** A place that takes an Effect. */
interface Place {
  readonly name: string
  readonly ways: ReadonlyArray<Way>
  readonly code: (way: string) => string
  /** Takes the failures out of the program, so that its type cannot show them. */
  readonly hidesFailure?: boolean
  /** The ways that it does not take; the compiler says so. */
  readonly refuses?: (way: Way) => boolean
}

const isAny = ({ failure }: Way) => failure === "any"

/** `Effect.catchTag` takes the states of the workflow for what it gives, where they are expected, so they must all be edges. */
const isAnyOrCatchTag = (way: Way) => isAny(way) || way.name === "Effect.catchTag"

const states = (run: string, rest = "") => `Workflow.make("order", Order, {
    initial: "Start", exits: ["Done"], states: { Start: { to: ["Done"], run: ${run}${rest} } }
  })`

const places: ReadonlyArray<Place> = [
  { name: "Task.make", ways: work, code: (way) => `Task.make({ run: ${way} })` },
  {
    name: "Task.make with a policy",
    ways: work,
    code: (way) => `Task.make({ name: "load", retry: Schedule.recurs(1), run: ${way} })`
  },
  { name: "Task.make in a workflow", ways: work, refuses: isAny, code: (way) => states(`Task.make({ run: ${way} })`) },
  {
    name: "prep of Node.make",
    ways: work,
    code: (way) => `Node.make({ prep: ${way}, exec: (loaded) => [loaded], post: () => "Done" })`
  },
  {
    name: "prep of Node.make whose exec is a generator function",
    ways: work,
    code: (way) => `Node.make({ prep: ${way}, exec: function* (loaded) { return [loaded] }, post: () => "Done" })`
  },
  {
    name: "prep of Node.make in a workflow",
    ways: work,
    code: (way) => states(`Node.make({ prep: ${way}, exec: (loaded) => [loaded], post: () => "Done" })`)
  },
  {
    name: "exec of Node.make without prep",
    ways: phases,
    refuses: isAny,
    code: (way) => `Node.make({ exec: ${way}, post: (_result) => "Done" })`
  },
  {
    name: "exec of Node.make",
    ways: phases,
    refuses: isAny,
    code: (way) => `Node.make({ prep: Effect.succeed(1), exec: ${way}, post: (_result) => "Done" })`
  },
  {
    name: "exec of Node.make in a workflow",
    ways: phases,
    refuses: isAny,
    code: (way) => states(`Node.make({ prep: Effect.succeed(1), exec: ${way}, post: (_result, _state) => "Done" })`)
  },
  {
    name: "post of Node.make",
    ways: phases,
    code: (way) => `Node.make({ prep: Effect.succeed(1), exec: () => 1, post: ${way} })`
  },
  {
    name: "a named branch of Task.fork",
    ways: effects,
    code: (way) => `Task.fork({ branches: { it: ${way} }, join: (_results) => "Done" })`
  },
  {
    name: "a branch in a list of Task.fork",
    ways: effects,
    code: (way) => `Task.fork({ branches: [Effect.void, ${way}], join: (_results) => "Done" })`
  },
  {
    name: "a function that gives the branches of Task.fork",
    ways: effects,
    code: (way) => `Task.fork({ branches: (_state: unknown) => ({ it: ${way} }), join: (_results) => "Done" })`
  },
  {
    name: "join of Task.fork",
    ways: phases,
    code: (way) => `Task.fork({ branches: { it: Effect.void }, join: ${way} })`
  },
  { name: "run of Workflow.make", ways: work, refuses: isAnyOrCatchTag, code: (way) => states(way) },
  {
    name: "run of Workflow.make beside a function",
    ways: work,
    refuses: isAnyOrCatchTag,
    code: (way) => `Workflow.make("order", Longer, {
    initial: "Start", exits: ["Done"], states: { Start: { to: ["Pack", "Done"], run: ${way} }, Pack: { to: ["Done"], run: (_state) => "Done" } }
  })`
  },
  {
    name: "a catch function beside run of Workflow.make",
    ways: effects.filter(({ failure }) => failure === undefined || failure.startsWith("Down")),
    code: (way) => states(way, `, catch: { Down: (_error: Down) => "Done" }`),
    hidesFailure: true
  },
  {
    name: "run of Workflow.make beside a catch of the workflow",
    ways: effects.filter(({ failure }) => failure !== "never"),
    refuses: isAnyOrCatchTag,
    code: (way) => `Workflow.make("order", Order, {
    initial: "Start", exits: ["Done"], states: { Start: { to: ["Done"], run: ${way} } }, catch: { "*": (_error: unknown) => "Done" }
  })`,
    hidesFailure: true
  },
  { name: "Concurrent.run", ways: effects, code: (way) => `Concurrent.run([${way}])` },
  { name: "Concurrent.run of a set", ways: effects, code: (way) => `Concurrent.run(new Set([${way}]))` },
  {
    name: "Scheduler.flow",
    ways: [...effects, ...functions],
    code: (way) => `Scheduler.flow("load", Trigger.manual, ${way})`
  },
  {
    name: "add of a scheduler",
    ways: [...effects, ...functions],
    code: (way) => `scheduler.add("load", Trigger.manual, ${way})`
  },
  {
    name: "Scheduler.layerFlows",
    ways: [...effects, ...functions],
    code: (way) => `Scheduler.layerFlows([Scheduler.flow("load", Trigger.manual, ${way})])`,
    hidesFailure: true
  },
  { name: "Observer.layer", ways: functions, code: (way) => `Observer.layer(${way})`, hidesFailure: true },
  { name: "Observer.record", ways: effects, code: (way) => `Observer.record(${way})` }
]

const head = `import type * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import { pipe } from "effect/Function"
import type * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import { describe, expect, it } from "tstyche"
import * as Concurrent from "../../src/Concurrent.ts"
import * as Node from "../../src/Node.ts"
import * as Observer from "../../src/Observer.ts"
import * as Scheduler from "../../src/Scheduler.ts"
import * as Store from "../../src/Store.ts"
import * as Task from "../../src/Task.ts"
import * as Trigger from "../../src/Trigger.ts"
import * as Workflow from "../../src/Workflow.ts"

class Down extends Data.TaggedError("Down")<{}> {}
class Late extends Data.TaggedError("Late")<{ readonly by: number }> {}
class Api extends Context.Service<Api, { readonly call: Effect.Effect<"Done", Down> }>()("Api") {}
class Word extends Context.Service<Word, "Done">()("Word") {}

declare const load: Effect.Effect<"Done", Down, Api>
declare const either: Effect.Effect<"Done", Down> | Effect.Effect<"Done", never, Api>
declare const anyEffect: Effect.Effect<any, any, any>
declare const anything: any
declare const anyFunction: (...args: any) => any
declare const overloaded: { (input: "odd"): Effect.Effect<"Done", Down, Api>; (input: unknown): Effect.Effect<"Done"> }
declare const overloadedInReverse: {
  (input: "odd"): Effect.Effect<"Done">
  (input: unknown): Effect.Effect<"Done", Down, Api>
}
declare const overloadedThrice: {
  (input: "odd"): Effect.Effect<"Done", Down>
  (input: "even"): Effect.Effect<"Done", never, Api>
  (input: unknown): Effect.Effect<"Done">
}
declare const generic: <In>(input: In) => Effect.Effect<"Done", Down, Api>
declare const genericFailure: <E = Down>(input: unknown) => Effect.Effect<"Done", E, Api>
declare const scheduler: Scheduler.Scheduler["Service"]

const Text = Store.key("text", Schema.Literal("Done"))
const Order = Schema.Literals(["Start", "Done"])
const Longer = Schema.Literals(["Start", "Pack", "Done"])

type FailureOf<X> =
  X extends Task.Task<any, any, infer E, any> ? E
  : X extends Workflow.Workflow<any, any, infer E, any, any> ? E
  : X extends Scheduler.Flow<any, infer E, any> ? E
  : X extends Effect.Effect<infer A, any, any> ? (
      A extends Concurrent.Batch<ReadonlyArray<infer Result>>
        ? Extract<Result, { readonly _tag: "Failed" }> extends Concurrent.Failed<infer E> ? E : never
      : A extends Observer.Recording<any, infer E> ? E
      : A extends Scheduler.Flow<any, infer E, any> ? E
      : never
    )
  : never

type ServicesOf<X> =
  X extends Task.Task<any, any, any, infer R> ? R
  : X extends Workflow.Workflow<any, any, any, infer R, any> ? R
  : X extends Scheduler.Flow<any, any, infer R> ? R
  : X extends Layer.Layer<any, any, infer R> ? R
  : X extends Effect.Effect<any, any, infer R> ? R
  : never

type IsAny<T> = 0 extends 1 & T ? true : false

/** Whether a type says at least as much as another; \`any\` is covered by what can be anything. */
type Covers<Shown, Real> = IsAny<Real> extends true ? (unknown extends Shown ? true : false) : [Real] extends [Shown] ? true : false

interface Program<X, E, R> {
  readonly program: X
  readonly failure: Covers<FailureOf<X>, E>
  readonly services: Covers<ServicesOf<X>, R>
}

declare const program: <E, R>() => <X>(program: X) => Program<X, E, R>

/** The programs whose type says too little. */
type TooSmall<Programs> = {
  [Name in keyof Programs]: Programs[Name] extends Program<any, any, any>
    ? false extends Programs[Name]["failure"] | Programs[Name]["services"] ? Name : never
    : never
}[keyof Programs]
`

const suite = (place: Place) => {
  const ways = place.ways.filter((way) => place.refuses?.(way) !== true)
  const rows = ways.map(({ name, failure = "Down", services = "Api" }, index) => {
    const types = `${place.hidesFailure === true ? "never" : failure}, ${services}`
    return `      ${JSON.stringify(name)}: program<${types}>()(program${index})`
  })
  return `
  it(${JSON.stringify(place.name)}, () => {
${ways.map(({ code }, index) => `    const program${index} = ${place.code(code)}`).join("\n")}
    const programs = {
${rows.join(",\n")}
    }
    expect<TooSmall<typeof programs>>().type.toBe<never>()
  })
`
}

/** The whole test, as a module that lies in a folder of the type tests. */
export const render = (): string => `${head}
describe("a type says all failures and services of", () => {${places.map(suite).join("")}})
`
