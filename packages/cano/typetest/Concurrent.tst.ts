import * as Context from "effect/Context"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { describe, expect, it } from "tstyche"
import * as Concurrent from "../src/Concurrent.ts"
import * as Retry from "../src/Retry.ts"
import * as Store from "../src/Store.ts"
import * as Task from "../src/Task.ts"
import * as Wait from "../src/Wait.ts"
import * as Workflow from "../src/Workflow.ts"

class Down extends Data.TaggedError("Down")<{ readonly host: string }> {}
class Declined extends Data.TaggedError("Declined")<{ readonly reason: string }> {}
class Tenant extends Context.Service<Tenant, string>()("test/Tenant") {}
class Region extends Context.Service<Region, string>()("test/Region") {}

declare const count: Effect.Effect<number, Down, Tenant>
declare const name: Effect.Effect<string, Declined>

type Completed<A> = Concurrent.Completed<A>
type Failed<E> = Concurrent.Failed<E>

describe("Concurrent.run", () => {
  it("keeps a tuple, and the services of all; nothing can fail", () => {
    expect(Concurrent.run([count, name])).type.toBe<
      Effect.Effect<
        Concurrent.Batch<[Completed<number> | Failed<Down>, Completed<string> | Failed<Declined>]>,
        never,
        Tenant
      >
    >()
  })

  it("has cancelled results exactly where not every instance is waited for", () => {
    const batch = Concurrent.run([name], { wait: Wait.quota(1) })
    expect(batch).type.toBe<
      Effect.Effect<Concurrent.Batch<[Completed<string> | Failed<Declined> | Concurrent.Cancelled]>>
    >()
    expect(Concurrent.run([name], { wait: Wait.all })).type.toBe<
      Effect.Effect<Concurrent.Batch<[Completed<string> | Failed<Declined>]>>
    >()
    expect(Concurrent.run([name], { wait: Wait.all as Wait.Wait })).type.toBe<
      Effect.Effect<Concurrent.Batch<[Completed<string> | Failed<Declined> | Concurrent.Cancelled]>>
    >()
  })

  it("gives an array for an array and for any other iterable", () => {
    type Expected = Effect.Effect<Concurrent.Batch<Array<Completed<number> | Failed<Down>>>, never, Tenant>
    expect(Concurrent.run([count].slice())).type.toBe<Expected>()
    expect(Concurrent.run(new Set([count]))).type.toBe<Expected>()
  })

  it("refuses what is not an effect", () => {
    // @ts-expect-error Type 'number' is not assignable to type 'Effect<unknown, unknown, unknown>'
    Concurrent.run([name, 1])
    // @ts-expect-error Type '"many"' is not assignable to type 'number | "unbounded" | undefined'
    Concurrent.run([name], { concurrency: "many" })
    // @ts-expect-error Type 'number' is not assignable to type 'Wait | undefined'
    Concurrent.run([name], { wait: 3 })
  })

  it("values fails with what the instances fail with", () => {
    expect(Effect.flatMap(Concurrent.run([name, name], { wait: Wait.any }), Concurrent.values)).type.toBe<
      Effect.Effect<Array<string>, Declined>
    >()
  })
})

const Import = Schema.TaggedUnion({ Read: { row: Schema.String }, Done: { rows: Schema.Number }, Refused: {} })
const Rows = Store.key("rows", Schema.Array(Schema.String))

const importRow = Workflow.make("import", Import, {
  initial: "Read",
  exits: ["Done", "Refused"],
  states: {
    Read: {
      to: ["Done", "Refused"],
      run: function* ({ row }) {
        yield* Store.append(Rows, row)
        if ((yield* Tenant) === (yield* Region)) return { _tag: "Refused" }
        return { _tag: "Done", rows: yield* count }
      }
    }
  }
})

const Light = Schema.Literals(["Green", "Red", "Off"])
const light = Workflow.make("light", Light, {
  initial: "Green",
  exits: ["Off"],
  states: { Green: { to: ["Red"], run: () => "Red" }, Red: { to: ["Off"], run: () => "Off" } }
})

const read = { _tag: "Read", row: "a" } as const

describe("Concurrent.workflow", () => {
  type Result =
    | Completed<{ readonly _tag: "Done"; readonly rows: number } | { readonly _tag: "Refused" }>
    | Failed<Down | Store.TypeMismatch>

  it("gives exits and failures; what the instances are given leaves R", () => {
    expect(Concurrent.workflow(importRow, { instances: [{ id: "a", state: read }] })).type.toBe<
      Effect.Effect<Concurrent.Batch<Array<Result>>, never, Store.MemoryStore | Tenant | Region>
    >()
    expect(
      Concurrent.workflow(importRow, {
        instances: [{ id: "a", state: read, context: Context.make(Tenant, "t") }],
        layer: Store.MemoryStore.layer
      })
    ).type.toBe<Effect.Effect<Concurrent.Batch<Array<Result>>, never, Region>>()
  })

  it("a layer's failure is an instance's failure, and its needs are the batch's", () => {
    const layer = Layer.effect(Tenant, Effect.andThen(Region, Effect.fail(new Declined({ reason: "" }))))
    const batch = Concurrent.workflow(importRow, { instances: [{ id: "a", state: read }], layer, wait: Wait.any })
    expect(batch).type.toBe<
      Effect.Effect<
        Concurrent.Batch<
          Array<
            | Completed<{ readonly _tag: "Done"; readonly rows: number } | { readonly _tag: "Refused" }>
            | Failed<Down | Store.TypeMismatch | Declined>
            | Concurrent.Cancelled
          >
        >,
        never,
        Store.MemoryStore | Region
      >
    >()
  })

  it("needs the state exactly where the initial state has a payload", () => {
    Concurrent.workflow(light, { instances: [{ id: "a" }, { id: "b", state: "Red" }] })
    // @ts-expect-error Property 'state' is missing
    Concurrent.workflow(importRow, { instances: [{ id: "a" }] })
    // @ts-expect-error Type '"Blue"' is not assignable to type
    Concurrent.workflow(light, { instances: [{ id: "a", state: "Blue" }] })
    // @ts-expect-error Property 'row' is missing
    Concurrent.workflow(importRow, { instances: [{ id: "a", state: { _tag: "Read" } }] })
    // @ts-expect-error Property 'id' is missing
    Concurrent.workflow(light, { instances: [{}] })
  })
})

describe("Task.fork", () => {
  it("join gets values where all are waited for, by name or in a list, and their failures are the fork's", () => {
    const named = Task.fork({
      branches: { count, name, light },
      join: (values) => {
        expect(values).type.toBe<{ count: number; name: string; light: "Off" }>()
        return "Done"
      }
    })
    expect(named).type.toBe<Task.Task<unknown, "Done", Down | Declined, Tenant>>()
    Task.fork({
      branches: [count, name],
      join: (values) => {
        expect(values).type.toBe<[number, string]>()
        return "Done"
      }
    })
  })

  it("join gets results otherwise, the failures stay in them, and ForkUnmet is the fork's", () => {
    const quorum = Task.fork({
      branches: { count, name },
      wait: Wait.quota(1),
      join: ({ count, name }) => {
        expect(count).type.toBe<Completed<number> | Failed<Down> | Concurrent.Cancelled>()
        expect(name).type.toBe<Completed<string> | Failed<Declined> | Concurrent.Cancelled>()
        return "Done"
      }
    })
    expect(quorum).type.toBe<Task.Task<unknown, "Done", Task.ForkUnmet, Tenant>>()
    expect(Task.fork({ branches: [name], wait: Wait.percentage(50), join: () => "Done" })).type.toBe<
      Task.Task<unknown, "Done", Task.ForkUnmet>
    >()
    expect(Task.fork({ branches: [name], wait: Wait.duration(9), join: () => "Done" })).type.toBe<
      Task.Task<unknown, "Done">
    >()
    expect(Task.fork({ branches: [name], wait: Wait.quotaOrDuration(1, 9), join: () => "Done" })).type.toBe<
      Task.Task<unknown, "Done">
    >()
  })

  it("adds ForkTimeout and AttemptTimeout exactly where there is a limit", () => {
    expect(Task.fork({ branches: [name], timeout: "1 second", join: () => "Done" })).type.toBe<
      Task.Task<unknown, "Done", Declined | Task.ForkTimeout>
    >()
    expect(Task.fork({ branches: [name], attemptTimeout: "1 second", join: () => "Done" })).type.toBe<
      Task.Task<unknown, "Done", Declined | Task.AttemptTimeout>
    >()
  })

  it("branches that are functions of the state give the task its state", () => {
    const dynamic = Task.fork({
      branches: (state: { readonly hosts: ReadonlyArray<string> }) => state.hosts.map(() => count),
      join: (counts, { hosts }) => {
        expect(counts).type.toBe<Array<number>>()
        return counts.length === hosts.length ? "Done" : "Failed"
      }
    })
    expect(dynamic).type.toBe<Task.Task<{ readonly hosts: ReadonlyArray<string> }, "Done" | "Failed", Down, Tenant>>()
  })

  it("keeps the failures and the services of an effectful join, and the literal of a generator", () => {
    const joined = Task.fork({
      branches: [name],
      retry: Retry.fixed(1, 10),
      join: function* ([text]) {
        yield* Store.append(Rows, text)
        return text === "" ? yield* new Down({ host: "" }) : "Done"
      }
    })
    expect(joined).type.toBe<Task.Task<unknown, "Done", Declined | Down | Store.TypeMismatch, Store.MemoryStore>>()
  })

  it("refuses a workflow that cannot start by itself, what is no branch, and a result that is not a state", () => {
    Task.fork({
      // @ts-expect-error the initial state of a workflow among the branches carries a payload: start it with Workflow.run(workflow, state)
      branches: { importRow },
      join: () => "Done"
    })
    Task.fork({
      // @ts-expect-error is not assignable to type
      branches: { one: 1 },
      join: () => "Done"
    })
    // @ts-expect-error No overload matches this call
    Task.fork({ branches: [name], join: () => 1 })
  })

  it("is checked by the machine it stands in", () => {
    Workflow.make("w", Light, {
      initial: "Green",
      exits: ["Off"],
      states: {
        // @ts-expect-error state \"Green\" can go to \"Off\", which its \"to\" does not list
        Green: { to: ["Red"], run: Task.fork({ branches: [name], join: ([text]) => (text === "" ? "Off" : "Red") }) },
        Red: {
          to: ["Off"],
          run: Task.fork({ branches: [count], wait: Wait.any, join: () => "Off" }),
          // @ts-expect-error state \"Red\" cannot fail with \"Down\"
          catch: { Down: "Off" }
        }
      }
    })
  })
})
