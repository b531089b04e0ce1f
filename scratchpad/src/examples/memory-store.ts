/**
 * The memory store: the calls of Cano's README, with typed keys, and what happens when they go wrong.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Store from "effect-cano/Store"

// #region keys
const UserId = Store.key("user_id", Schema.Number)
const Name = Store.key("name", Schema.String)
const Scores = Store.key("scores", Schema.Array(Schema.Number))
const Visits = Store.key("visits", Schema.Number)
// #endregion

// #region use
const use = Effect.gen(function* () {
  yield* Store.put(UserId, 123)
  yield* Store.put(Name, "Alice")
  yield* Store.put(Scores, [85, 92, 78])
  yield* Store.append(Scores, 95)

  yield* Console.log("user_id:", yield* Store.get(UserId))
  yield* Console.log("scores:", yield* Store.get(Scores))
  yield* Console.log("visits, if any:", Option.getOrNull(yield* Store.getOption(Visits)))
  yield* Console.log("visits, or a default:", yield* Store.getOrElse(Visits, () => 0))
})
// #endregion

// #region atomic
const visit = Store.modify(Visits, (visits) => {
  const before = Option.getOrElse(visits, () => 0)
  return [before, before + 1]
})

const atomic = Effect.gen(function* () {
  yield* Effect.all(
    Array.from({ length: 100 }, () => visit),
    { concurrency: "unbounded" }
  )
  yield* Console.log("visits after 100 fibers:", yield* Store.get(Visits))
  yield* Console.log("updated:", yield* Store.update(Visits, (visits) => visits * 2))
})
// #endregion

// #region failures
const UserIdAsText = Store.key("user_id", Schema.String)

const failures = Effect.gen(function* () {
  const missing = yield* Effect.flip(Store.get(Store.key("nothing", Schema.String)))
  yield* Console.log(`${missing._tag}: ${missing.message}`)
  const mismatch = yield* Effect.flip(Store.get(UserIdAsText))
  yield* Console.log(`${mismatch._tag}: ${mismatch.message}`)
})
// #endregion

// #region whole
const whole = Effect.gen(function* () {
  yield* Console.log("keys:", yield* Store.keys)
  yield* Store.remove(Name)
  yield* Console.log("size without the name:", yield* Store.size)
  yield* Store.clear
  yield* Console.log("empty:", yield* Store.isEmpty)
})
// #endregion

const program = Effect.gen(function* () {
  yield* use
  yield* atomic
  yield* failures
  yield* whole
}).pipe(Effect.provide(Store.MemoryStore.layer))

NodeRuntime.runMain(program)
