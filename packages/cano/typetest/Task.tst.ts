import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import { describe, expect, it } from "tstyche"
import * as Node from "../src/Node.ts"
import * as Retry from "../src/Retry.ts"
import * as Store from "../src/Store.ts"
import * as Task from "../src/Task.ts"
import * as Workflow from "../src/Workflow.ts"

class Declined extends Data.TaggedError("Declined")<{ readonly reason: string }> {}
class Offline extends Data.TaggedError("Offline")<{ readonly host: string }> {}

const Count = Store.key("count", Schema.Number)
const Names = Store.key("names", Schema.Array(Schema.String))

describe("Task.make", () => {
  it("keeps the literal that a generator function returns", () => {
    const task = Task.make({
      run: function* (state: { readonly id: number }) {
        yield* new Declined({ reason: String(state.id) })
        yield* Store.put(Count, 1)
        return "Done"
      }
    })
    expect(task).type.toBe<Task.Task<{ readonly id: number }, "Done", Declined, Store.MemoryStore>>()
  })

  it("keeps the record that a function returns, and prints it as it is", () => {
    const task = Task.make({ run: (cents: number) => ({ _tag: "Paid", cents }) })
    expect(task).type.toBe<Task.Task<number, { _tag: "Paid"; cents: number }>>()
  })

  it("unites the failures of all branches", () => {
    const task = Task.make({
      run: (n: number) => (n > 1 ? Effect.fail(new Declined({ reason: "" })) : Effect.fail(new Offline({ host: "" })))
    })
    expect(task).type.toBe<Task.Task<number, never, Declined | Offline>>()
  })

  it("adds the timeout error only where there is a timeout", () => {
    expect(Task.make({ run: () => "A" })).type.toBe<Task.Task<unknown, "A">>()
    expect(Task.make({ run: () => "A", attemptTimeout: "1 second" })).type.toBe<
      Task.Task<unknown, "A", Task.AttemptTimeout>
    >()
  })

  it("adds the error and the services of its schedule, and checks the schedule's input", () => {
    const picky = Schedule.recurs(1).pipe(Schedule.setInputType<Declined>())
    Task.make({ retry: picky, run: () => Effect.as(Effect.fail(new Declined({ reason: "" })), "A" as const) })
    Task.make({
      // @ts-expect-error Property 'reason' is missing in type 'Offline' but required in type 'Declined'
      retry: picky,
      run: () => Effect.as(Effect.fail(new Offline({ host: "" })), "A" as const)
    })
    expect(Task.make({ retry: Retry.fixed(1, 10), run: () => "A" })).type.toBe<Task.Task<unknown, "A">>()
  })

  it("unites the failures, the services and the next states of all signatures of an overloaded function", () => {
    const overloaded = {} as {
      (state: 1): Effect.Effect<"A", Declined, Store.MemoryStore>
      (state: number): Effect.Effect<"B", Offline>
    }
    expect(Task.make({ run: overloaded })).type.toBe<
      Task.Task<number, "A" | "B", Declined | Offline, Store.MemoryStore>
    >()
  })

  it("refuses a result that is not a state", () => {
    // @ts-expect-error No overload matches this call
    Task.make({ run: () => Effect.succeed(1) })
  })
})

describe("Task.run", () => {
  it("needs the state exactly if the task does", () => {
    const withState = Task.make({ run: (n: number) => (n > 1 ? "A" : "B") })
    expect(Task.run(withState, 1)).type.toBe<Effect.Effect<"A" | "B">>()
    // @ts-expect-error Expected 2 arguments, but got 1
    Task.run(withState)
    expect(Task.run(Task.make({ run: () => "A" }))).type.toBe<Effect.Effect<"A">>()
  })
})

describe("Node.make", () => {
  it("passes each phase's result to the next", () => {
    const node = Node.make({
      prep: Store.get(Count),
      exec: (count) => Effect.succeed(`${count}`),
      post: function* (text) {
        expect(text).type.toBe<string>()
        yield* Store.append(Names, text)
        return "Saved"
      }
    })
    expect(node).type.toBe<Task.Task<unknown, "Saved", Store.KeyNotFound | Store.TypeMismatch, Store.MemoryStore>>()
  })

  it("keeps the failures and services of a prep that TypeScript sees after exec, which then knows nothing of it", () => {
    const first = Node.make({
      prep: Effect.map(Store.get(Count), (count) => count + 1),
      exec: (count) => {
        expect(count).type.toBe<unknown>()
        return 1
      },
      post: () => "Done"
    })
    expect(first).type.toBe<Task.Task<unknown, "Done", Store.KeyNotFound | Store.TypeMismatch, Store.MemoryStore>>()
    const inFunction = Node.make({
      prep: () => Effect.map(Store.get(Count), (count) => count + 1),
      exec: (count) => {
        expect(count).type.toBe<number>()
        return 1
      },
      post: () => "Done"
    })
    expect(inFunction).type.toBe<typeof first>()
  })

  it("knows nothing of the failures and services of what may be an Effect", () => {
    const hidden = Node.make({ prep: (): unknown => Effect.fail("down"), exec: () => 1, post: () => "Done" })
    expect(hidden).type.toBe<Task.Task<unknown, "Done", unknown, unknown>>()
  })

  it("gives exec the state where there is no prep", () => {
    const node = Node.make({
      exec: (state: { readonly id: number }) => Effect.as(Effect.fail(new Declined({ reason: "" })), state.id),
      post: function* (id, state) {
        expect(id).type.toBe<number>()
        expect(state).type.toBe<{ readonly id: number }>()
        yield* Store.put(Count, id)
        return "Saved"
      }
    })
    expect(node).type.toBe<Task.Task<{ readonly id: number }, "Saved", Declined, Store.MemoryStore>>()
    const record = Node.make({ exec: () => 1, post: (cents) => ({ _tag: "Paid", cents }) })
    expect(record).type.toBe<Task.Task<unknown, { _tag: "Paid"; cents: number }>>()
    Workflow.make("order", Schema.TaggedUnion({ Load: { id: Schema.Number }, Loaded: { id: Schema.Number } }), {
      initial: "Load",
      exits: ["Loaded"],
      states: {
        Load: { to: ["Loaded"], run: Node.make({ exec: ({ id }) => id, post: (id) => ({ _tag: "Loaded", id }) }) }
      }
    })
  })

  it("does not let exec see the MemoryStore", () => {
    Node.make({
      prep: Effect.succeed(1),
      // @ts-expect-error exec cannot use the MemoryStore: load in prep, save in post
      exec: (n) => Effect.as(Store.put(Count, n), n),
      post: () => "Done"
    })
    Node.make({
      prep: Effect.succeed(1),
      // @ts-expect-error exec cannot use the MemoryStore: load in prep, save in post
      exec: function* () {
        return yield* Store.get(Count)
      },
      post: () => "Done"
    })
  })
})

describe("Store", () => {
  it("types values by their key", () => {
    expect(Store.get(Count)).type.toBe<
      Effect.Effect<number, Store.KeyNotFound | Store.TypeMismatch, Store.MemoryStore>
    >()
    // @ts-expect-error Argument of type 'string' is not assignable to parameter of type 'number'
    Store.put(Count, "1")
    // @ts-expect-error Argument of type 'number' is not assignable to parameter of type 'string'
    Store.append(Names, 1)
    expect(Store.update(Count, (n) => n + 1)).type.toBe<
      Effect.Effect<number, Store.KeyNotFound | Store.TypeMismatch, Store.MemoryStore>
    >()
  })

  it("does not let a key pass as one of another type", () => {
    const Status = Store.key("status", Schema.Literals(["on", "off"]))
    // @ts-expect-error is not assignable to parameter of type 'Key<string>'
    Store.put("anything")(Status)
    const save = (key: Store.Key<string | number>) => Store.put(key, 5)
    // @ts-expect-error is not assignable to parameter of type 'Key<string | number>'
    save(Store.key("name", Schema.String))
  })

  it("does not append to tuples, nor what a list cannot hold", () => {
    // @ts-expect-error a tuple cannot be appended to: use a key of an array
    Store.append(Store.key("pair", Schema.Tuple([Schema.String, Schema.Number])), "x")
    // @ts-expect-error the item does not fit the list
    Store.append(1)(Names)
    expect(Store.append("a")(Names)).type.toBe<Effect.Effect<void, Store.TypeMismatch, Store.MemoryStore>>()
  })

  it("appends to keys of array type only", () => {
    // @ts-expect-error Argument of type 'Key<number>' is not assignable to parameter of type
    Store.append(Count, 1)
  })
})
