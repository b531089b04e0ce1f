import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Concurrent from "../../src/Concurrent.ts"
import * as Store from "../../src/Store.ts"
import * as Wait from "../../src/Wait.ts"
import * as Workflow from "../../src/Workflow.ts"
import { tags, value } from "../support/batches.ts"
import { refusal } from "../support/refusal.ts"

class Broken extends Data.TaggedError("Broken")<{ readonly id: number }> {}

class Tenant extends Context.Service<Tenant, string>()("test/Tenant") {}

class Locale extends Context.Service<Locale, string>()("test/Locale") {}

const Depth = Context.Reference<number>("test/Depth", { defaultValue: () => 0 })

const Import = Schema.TaggedUnion({ Read: { row: Schema.String }, Done: { note: Schema.String }, Refused: {} })

const Rows = Store.key("rows", Schema.Array(Schema.String))

const importRow = Workflow.make("import", Import, {
  initial: "Read",
  exits: ["Done", "Refused"],
  states: {
    Read: {
      to: ["Done", "Refused"],
      run: function* ({ row }) {
        if (row === "bad") return yield* new Broken({ id: 7 })
        if (row === "refused") return { _tag: "Refused" }
        yield* Store.append(Rows, row)
        yield* Effect.sleep(10)
        const all = yield* Store.get(Rows)
        return { _tag: "Done", note: `${yield* Tenant}: ${all.join(" ")}` }
      }
    }
  }
})

const read = (row: string) => ({ _tag: "Read", row }) as const

const notes = (results: ReadonlyArray<Concurrent.Result<typeof Import.Type, unknown>>) =>
  results.map((result) =>
    result._tag !== "Completed" ? result._tag : result.value._tag === "Done" ? result.value.note : result.value._tag
  )

describe("instances of a workflow", () => {
  it.effect("each starts in its own state, and ends in an exit, fails, or takes another exit", () =>
    Effect.gen(function* () {
      const instances = ["a", "bad", "refused", "b"].map((row, i) => ({ id: `row ${i}`, state: read(row) }))
      const { results, status } = yield* value(
        Concurrent.workflow(importRow, { instances, layer: Store.MemoryStore.layer }).pipe(
          Effect.provideService(Tenant, "t")
        )
      )
      assert.deepStrictEqual(notes(results), ["t: a", "Failed", "Refused", "t: b"])
      assert.deepStrictEqual(
        results.map(({ id }) => id),
        ["row 0", "row 1", "row 2", "row 3"]
      )
      assert.deepStrictEqual([status.completed, status.failed], [3, 1])
      const failed = results[1]!
      const place = failed._tag === "Failed" ? Workflow.failedAt(failed.cause) : Option.none()
      assert.deepStrictEqual(Option.getOrUndefined(place), {
        workflow: "import",
        state: "Read",
        transitions: 0,
        attempt: 1
      })
    })
  )

  it.effect("the initial state may be left out where it has no payload", () =>
    Effect.gen(function* () {
      const Short = Schema.Literals(["Start", "Middle", "Done"])
      const short = Workflow.make("short", Short, {
        initial: "Start",
        exits: ["Done"],
        states: { Start: { to: ["Middle"], run: () => "Middle" }, Middle: { to: ["Done"], run: () => "Done" } }
      })
      const { results } = yield* Concurrent.workflow(short, { instances: [{ id: "a" }, { id: "b", state: "Done" }] })
      assert.deepStrictEqual(results, [
        { _tag: "Completed", id: "a", value: "Done" },
        { _tag: "Completed", id: "b", value: "Done" }
      ])
    })
  )

  it.effect("each gets its own context: what one writes, no other sees", () =>
    Effect.gen(function* () {
      const store = yield* Store.MemoryStore.make
      const instances = ["a", "b", "c"].map((row) => ({
        id: row,
        state: read(row),
        context: Context.make(Tenant, `tenant ${row}`)
      }))
      const shared = yield* value(
        Concurrent.workflow(importRow, { instances }).pipe(Effect.provideService(Store.MemoryStore, store))
      )
      assert.deepStrictEqual(notes(shared.results), ["tenant a: a b c", "tenant b: a b c", "tenant c: a b c"])
      const own = yield* value(Concurrent.workflow(importRow, { instances, layer: Store.MemoryStore.layer }))
      assert.deepStrictEqual(notes(own.results), ["tenant a: a", "tenant b: b", "tenant c: c"])
    })
  )

  it.effect("a layer is built afresh for each instance and released when that instance ends", () =>
    Effect.gen(function* () {
      const events: Array<string> = []
      let built = 0
      const layer = Layer.effect(
        Tenant,
        Effect.acquireRelease(
          Effect.sync(() => {
            events.push(`+${built}`)
            return `tenant ${built++}`
          }),
          (tenant) => Effect.sync(() => events.push(`-${tenant.slice(7)}`))
        )
      )
      const instances = ["a", "b", "refused"].map((row) => ({ id: row, state: read(row) }))
      const { results } = yield* value(
        Concurrent.workflow(importRow, {
          instances,
          layer: Layer.merge(layer, Store.MemoryStore.layer),
          concurrency: 1
        })
      )
      assert.deepStrictEqual(notes(results), ["tenant 0: a", "tenant 1: b", "Refused"])
      assert.deepStrictEqual(events, ["+0", "-0", "+1", "-1", "+2", "-2"])
    })
  )

  it.effect("the layer of an instance that is cancelled is released before the call returns", () =>
    Effect.gen(function* () {
      let held = 0
      const layer = Layer.effect(
        Tenant,
        Effect.acquireRelease(
          Effect.sync(() => (held++, "t")),
          () =>
            Effect.andThen(
              Effect.sleep(100),
              Effect.sync(() => held--)
            )
        )
      )
      const instances = ["a", "b"].map((row) => ({ id: row, state: read(row) }))
      const batch = Concurrent.workflow(importRow, {
        instances,
        layer: Layer.merge(layer, Store.MemoryStore.layer),
        wait: Wait.duration(5)
      })
      const { status } = yield* value(Effect.tap(batch, () => Effect.sync(() => assert.strictEqual(held, 0))))
      assert.strictEqual(status.cancelled, 2)
    })
  )

  it.effect("where the layer cannot be built, that instance has failed", () =>
    Effect.gen(function* () {
      let built = 0
      const layer = Layer.effect(
        Tenant,
        Effect.suspend(() => (built++ === 1 ? Effect.fail("no tenant" as const) : Effect.succeed("t")))
      )
      const instances = ["a", "b", "c"].map((row) => ({ id: row, state: read(row) }))
      const { results } = yield* value(
        Concurrent.workflow(importRow, { instances, layer: Layer.merge(layer, Store.MemoryStore.layer) })
      )
      assert.deepStrictEqual(notes(results), ["t: a", "Failed", "t: c"])
      const failed = results[1]!
      assert.strictEqual(
        failed._tag === "Failed" && Option.getOrUndefined(Cause.findErrorOption(failed.cause)),
        "no tenant"
      )
    })
  )

  it.effect("services and references of the caller are inherited, and an instance's own are nobody else's", () =>
    Effect.gen(function* () {
      const look = Effect.gen(function* () {
        const before = yield* Depth
        yield* Effect.yieldNow
        return `${yield* Locale} ${before}`
      })
      const { results } = yield* Concurrent.run([
        look,
        Effect.provideService(look, Depth, 9),
        Effect.provideService(look, Locale, "fr"),
        look
      ]).pipe(Effect.provideService(Depth, 3), Effect.provideService(Locale, "de"))
      assert.deepStrictEqual(
        results.map((result) => result._tag === "Completed" && result.value),
        ["de 3", "de 9", "fr 3", "de 3"]
      )
    })
  )

  it("refuses two instances with the same id", () => {
    const instances = ["a", "b", "a"].map((id) => ({ id, state: read(id) }))
    const { problems } = refusal(() => Concurrent.workflow(importRow, { instances }))
    assert.deepStrictEqual(problems, ['two instances have the id "a"'])
  })

  it.effect("a state that no such workflow has is that instance's defect", () =>
    Effect.gen(function* () {
      const instances = [
        { id: "a", state: { _tag: "Nowhere" } as any },
        { id: "b", state: read("refused") }
      ]
      const { results } = yield* value(
        Concurrent.workflow(importRow, { instances, layer: Store.MemoryStore.layer }).pipe(
          Effect.provideService(Tenant, "t")
        )
      )
      assert.deepStrictEqual(tags(results), ["Failed", "Completed"])
    })
  )
})
