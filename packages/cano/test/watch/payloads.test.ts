import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Schema from "effect/Schema"
import { defectsOf, inVirtualTime, makeUnchecked } from "effect-cano-testing/Runs"
import * as Node from "../../src/Node.ts"
import * as Observer from "../../src/Observer.ts"
import * as Retry from "../../src/Retry.ts"
import * as Store from "../../src/Store.ts"
import * as Task from "../../src/Task.ts"
import * as Workflow from "../../src/Workflow.ts"
import { recorder } from "../support/recorder.ts"
import { Flaky, Letters } from "../support/tracing.ts"

describe("W6: with a tracer", () => {
  const hostile = {
    "a proxy whose traps throw": new Proxy(
      {},
      {
        get: () => {
          throw new Error("get")
        },
        has: () => {
          throw new Error("has")
        },
        getPrototypeOf: () => {
          throw new Error("prototype")
        }
      }
    ),
    "getters that throw": Object.defineProperties(new Error(), {
      _tag: {
        get: () => {
          throw new Error("tag")
        }
      },
      stack: {
        get: () => {
          throw new Error("stack")
        }
      }
    }),
    "an object without a prototype": Object.create(null),
    "an error without a constructor": Object.assign(new Error(), { constructor: undefined }),
    "a tag that is no text": { _tag: Symbol("tag") },
    "a tag of a megabyte": { _tag: "x".repeat(1_000_000) },
    "a frozen error": Object.freeze(new Error("x")),
    nothing: undefined
  }

  for (const [name, error] of Object.entries(hostile)) {
    for (const kind of ["fail", "die"] as const) {
      it.effect(`watching does not change a run that ${kind}s with ${name}`, () =>
        Effect.gen(function* () {
          const { record, spans } = recorder()
          const workflow = makeUnchecked("w", Letters, {
            initial: "A",
            exits: ["Done"],
            states: { A: { to: ["Done"], run: () => Effect[kind](error) } }
          })
          const exit = yield* Effect.exit(record(Observer.record(Workflow.run(workflow))))
          if (Exit.isFailure(exit)) return assert.fail("recording failed")
          const reasons = Exit.isFailure(exit.value.exit) ? exit.value.exit.cause.reasons : []
          const [reason] = reasons as ReadonlyArray<any>
          assert.isTrue((kind === "fail" ? reason.error : reason.defect) === error)
          assert.isTrue(spans.every((span) => span.status._tag === "Ended"))
          assert.isAtMost(String(spans[0]!.attributes.get("error.type")).length, 256)
        })
      )
    }
  }

  for (const next of [null, undefined, "secret", { _tag: "secret" }, "C"]) {
    it.effect(
      `a task that gives ${JSON.stringify(next)} past the types is the same defect as without, and unseen`,
      () =>
        Effect.gen(function* () {
          const { record, spans } = recorder()
          const workflow = makeUnchecked("w", Letters, {
            initial: "A",
            exits: ["Done"],
            states: {
              A: { to: ["B"], run: Effect.sync(() => next) },
              B: { to: ["C"], run: () => "C" },
              C: { to: ["Done"], run: () => "Done" }
            }
          })
          const traced = yield* Effect.exit(record(Workflow.run(workflow)))
          const bare = yield* Effect.exit(Workflow.run(workflow))
          assert.instanceOf(defectsOf(traced)[0], Workflow.UndeclaredState)
          assert.deepStrictEqual(defectsOf(traced), defectsOf(bare))
          assert.isFalse(spans.some((span) => span.attributes.has("cano.state.next")))
        })
    )
  }

  it.effect("no payload is in any name, attribute or event that the library makes", () =>
    Effect.gen(function* () {
      const canary = "canary-0xC0FFEE"
      const { record, spans } = recorder()
      const States = Schema.TaggedUnion({
        Start: { secret: Schema.String },
        Next: { secret: Schema.String },
        Last: { secret: Schema.String },
        Done: { secret: Schema.String },
        Failed: { secret: Schema.String }
      })
      const Key = Store.key("key", Schema.String)
      let left = 2
      const workflow = makeUnchecked("canaries", States, {
        initial: "Start",
        exits: ["Done", "Failed"],
        states: {
          Start: {
            to: ["Next", "Failed"],
            run: Task.make({
              retry: Retry.exponential(3),
              attemptTimeout: "1 hour",
              run: function* () {
                yield* Store.put(Key, canary)
                if (left-- > 0) return yield* new Flaky({ detail: canary })
                return { _tag: "Next", secret: canary }
              }
            })
          },
          Next: {
            to: ["Last"],
            run: Node.make({
              prep: Store.get(Key),
              exec: (text) => `${text}!`,
              post: (text) => Effect.fail(new Flaky({ detail: text }))
            }),
            catch: { Flaky: (error: Flaky) => ({ _tag: "Last", secret: error.detail }) }
          },
          Last: { to: ["Done", "Failed"], run: (state: object) => Effect.die(state) }
        }
      })
      const run = Workflow.run(workflow, { _tag: "Start", secret: canary } as never)
      const exit = yield* inVirtualTime(record(Effect.provide(run, Store.MemoryStore.layer)))
      assert.strictEqual(defectsOf(exit).length, 1)
      const told = spans.map((span) => [
        span.name,
        ...span.attributes,
        ...span.events.map(([name, _, rest]) => [name, rest])
      ])
      assert.isAbove(told.length, 8)
      assert.notInclude(JSON.stringify(told), canary)
    })
  )
})
