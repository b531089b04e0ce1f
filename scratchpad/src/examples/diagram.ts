/**
 * Draws a workflow as a Mermaid flowchart: retries, a timeout, an error edge to a fixed state and one chosen by a function.
 */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Retry from "effect-cano/Retry"
import * as Task from "effect-cano/Task"
import * as Workflow from "effect-cano/Workflow"

class Unreachable extends Data.TaggedError("Unreachable")<{}> {}
class Rejected extends Data.TaggedError("Rejected")<{ readonly isFinal: boolean }> {}

const Upload = Schema.Literals(["Read", "Send", "Repair", "Sent", "Dropped"])
const post: Effect.Effect<void, Unreachable | Rejected> = Effect.void

// #region workflow
const send = Task.make({
  name: "send",
  retry: Retry.exponential(3),
  attemptTimeout: "10 seconds",
  run: function* () {
    yield* post
    return "Sent"
  }
})

const upload = Workflow.make("upload", Upload, {
  initial: "Read",
  exits: ["Sent", "Dropped"],
  states: {
    Read: { to: ["Send"], run: () => "Send" },
    Send: {
      to: ["Sent", "Repair", "Dropped"],
      run: send,
      catch: {
        Unreachable: "Dropped",
        AttemptTimeout: "Dropped",
        Rejected: ({ isFinal }) => (isFinal ? "Dropped" : "Repair")
      }
    },
    Repair: { to: ["Send"], run: () => "Send" }
  }
})

process.stdout.write(Workflow.toMermaid(upload))
// #endregion
