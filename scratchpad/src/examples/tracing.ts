/**
 * The spans of a run, as a tracer sees them. Without a tracer in the context no span is made.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Console from "effect/Console"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import * as Tracer from "effect/Tracer"
import * as Node from "effect-cano/Node"
import * as Retry from "effect-cano/Retry"
import * as Workflow from "effect-cano/Workflow"

const State = Schema.Literals(["Start", "Process", "Complete"])

class NotReady extends Data.TaggedError("NotReady")<{}> {}

// #region workflow
const processor = Node.make({
  name: "processor",
  retry: Retry.fixed(1, "10 millis"),
  prep: () => Effect.map(Schedule.CurrentMetadata, ({ attempt }) => attempt),
  exec: (retries) => (retries === 0 ? Effect.fail(new NotReady()) : Effect.void),
  post: () => "Complete"
})

const workflow = Workflow.make("user data", State, {
  initial: "Start",
  exits: ["Complete"],
  states: {
    Start: { to: ["Process"], run: () => "Process" },
    Process: { to: ["Complete"], run: processor }
  }
}).pipe(Workflow.withSpan("user_data_processing", { attributes: { batch_id: "batch_001" } }))
// #endregion

const spans: Array<Tracer.NativeSpan> = []

const tracer = Tracer.make({
  span: (options) => {
    const span = new Tracer.NativeSpan(options)
    spans.push(span)
    return span
  }
})

const inspect = (attributes: Iterable<[string, unknown]>) =>
  Array.from(attributes, ([key, value]) => ` ${key}=${value}`).join("")

/** One line a span, the events of a span with a `!`, children further to the right. */
const draw = (parent: Tracer.AnySpan | undefined, indent: string): ReadonlyArray<string> =>
  spans
    .filter((span) => Option.getOrUndefined(span.parent) === parent)
    .flatMap((span) => [
      `${indent}${span.name}${inspect(span.attributes)}`,
      ...span.events.map(([name, , attributes]) => `${indent}  ! ${name}${inspect(Object.entries(attributes))}`),
      ...draw(span, `${indent}  `)
    ])

NodeRuntime.runMain(
  Effect.gen(function* () {
    yield* Workflow.run(workflow).pipe(Effect.withTracer(tracer))
    yield* Console.log(draw(undefined, "").join("\n"))
  })
)
