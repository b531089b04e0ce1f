import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Context from "effect/Context"
import { nodeSuite } from "effect-cano-testing/TaskSuite"
import * as Node from "../src/Node.ts"
import * as Retry from "../src/Retry.ts"
import * as Store from "../src/Store.ts"
import * as Task from "../src/Task.ts"

describe("the phases", () => {
  it.effect("N1: run in order, each with what the one before gave; post sees the state as well", () =>
    Effect.gen(function* () {
      const state = { _tag: "Start", id: 7 }
      const seen: Array<unknown> = []
      const node = Node.make({
        prep: (s: typeof state) => (seen.push(s), Effect.succeed({ loaded: s.id })),
        exec: (prepared) => (seen.push(prepared), Effect.succeed(prepared.loaded * 2)),
        post: (result, s) => (seen.push(result, s), Effect.succeed("Done"))
      })
      assert.strictEqual(yield* Task.run(node, state), "Done")
      assert.deepStrictEqual(seen, [state, { loaded: 7 }, 14, state])
      assert.strictEqual(seen[0], state)
      assert.strictEqual(seen[3], state)
    })
  )

  it.effect("N1: exec gets the state where there is no prep", () =>
    Effect.gen(function* () {
      const state = { _tag: "Start", id: 7 }
      const seen: Array<unknown> = []
      let attempts = 0
      const node = Node.make({
        retry: Retry.fixed(1, 0),
        exec: (s: typeof state) => (seen.push(s), attempts++ > 0 ? Effect.succeed(s.id * 2) : Effect.fail("again")),
        post: (result, s) => (seen.push(result, s), "Done")
      })
      assert.strictEqual(yield* Task.run(node, state), "Done")
      assert.deepStrictEqual(seen, [state, state, 14, state])
      assert.strictEqual(seen[0], state)
    })
  )

  const forms = {
    "plain functions": Node.make({ prep: () => 1, exec: (n) => n + 1, post: (n) => `${n}` }),
    Effects: Node.make({
      prep: Effect.succeed(1),
      exec: (n) => Effect.succeed(n + 1),
      post: (n) => Effect.succeed(`${n}`)
    }),
    "Effects that suspend": Node.make({
      prep: Effect.as(Effect.yieldNow, 1),
      exec: (n: number) => Effect.as(Effect.yieldNow, n + 1),
      post: (n: number) => Effect.as(Effect.yieldNow, `${n}`)
    }),
    "without prep": Node.make({ exec: () => Effect.as(Effect.yieldNow, 2), post: (n) => `${n}` }),
    "generator functions": Node.make({
      prep: function* () {
        yield* Effect.yieldNow
        return 1
      },
      exec: function* (n) {
        yield* Effect.yieldNow
        return n + 1
      },
      post: function* (n) {
        yield* Effect.yieldNow
        return `${n}`
      }
    })
  }
  for (const [form, node] of Object.entries(forms)) {
    it.effect(`may be ${form}`, () =>
      Effect.gen(function* () {
        assert.isTrue(Task.isTask(node))
        assert.strictEqual(yield* Task.run(node), "2")
      })
    )
  }

  it.effect("a service or a reference under prep is an Effect, though it is a function as well", () =>
    Effect.gen(function* () {
      const Next = Context.Reference<"Done">("test/Next", { defaultValue: () => "Done" })
      const node = Node.make({ prep: Next, exec: (next) => next, post: (next) => next })
      assert.strictEqual(yield* Task.run(node), "Done")
    })
  )

  it.effect("use the store in prep and post", () =>
    Effect.gen(function* () {
      const Text = Store.key("text", Schema.String)
      const Size = Store.key("size", Schema.Number)
      const node = Node.make({
        prep: Store.get(Text),
        exec: (text) => text.length,
        post: (size) => Effect.as(Store.put(Size, size), "Done")
      })
      yield* Store.put(Text, "hello")
      assert.strictEqual(yield* Task.run(node), "Done")
      assert.strictEqual(yield* Store.get(Size), 5)
    }).pipe(Effect.provide(Store.MemoryStore.layer))
  )
})

nodeSuite({ name: "Task.run", run: (node) => Task.run(node as Task.Task<unknown, string, any>) })
