/**
 * The email node of Cano's README: prep loads, exec sends, post saves. Here exec may fail, and the failure is an edge.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Console from "effect/Console"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Node from "effect-cano/Node"
import * as Store from "effect-cano/Store"
import * as Workflow from "effect-cano/Workflow"

const EmailState = Schema.Literals(["send", "complete", "failed"])

const Email = Store.key("email", Schema.String)
const Result = Store.key("result", Schema.String)

// #region node
class Undeliverable extends Data.TaggedError("Undeliverable")<{ readonly email: string }> {}

const emailProcessor = Node.make({
  name: "email processor",
  prep: Store.get(Email),
  exec: function* (email) {
    yield* Console.log(`Sending email to: ${email}`)
    if (!email.includes("@")) return yield* new Undeliverable({ email })
    return true
  },
  post: function* (isSent) {
    yield* Store.put(Result, isSent ? "sent" : "not sent")
    return "complete"
  }
})
// #endregion

// #region workflow
const workflow = Workflow.make("email", EmailState, {
  initial: "send",
  exits: ["complete", "failed"],
  states: {
    send: {
      to: ["complete", "failed"],
      run: emailProcessor,
      catch: { Undeliverable: "failed", KeyNotFound: "failed" }
    }
  }
})
// #endregion

/** One run with a store of its own. */
const send = Effect.fnUntraced(function* (email: string) {
  yield* Store.put(Email, email)
  const exit = yield* Workflow.run(workflow)
  const result = yield* Store.getOrElse(Result, () => "nothing")
  yield* Console.log(`${exit}, stored: ${result}`)
}, Effect.provide(Store.MemoryStore.layer))

NodeRuntime.runMain(Effect.andThen(send("ada@example.com"), send("nobody")))
