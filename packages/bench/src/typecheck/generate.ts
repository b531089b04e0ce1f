const imports = `import * as Node from "effect-cano/Node"
import * as Retry from "effect-cano/Retry"
import * as Store from "effect-cano/Store"
import * as Task from "effect-cano/Task"
import * as Workflow from "effect-cano/Workflow"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"

export { Data, Effect, Node, Retry, Schema, Store, Task, Workflow }
`

const services = `
class Declined extends Data.TaggedError("Declined")<{ readonly by: string }> {}
class Unavailable extends Data.TaggedError("Unavailable")<{}> {}

const Count = Store.key("count", Schema.Number)
declare const count: number
declare const call: Effect.Effect<number, Declined | Unavailable>
`

/** The same imports without a machine: what there is to check before any state is. */
export const empty = (): string => imports

/** A machine of that many states with 3 edges each, over string literals. */
export const literals = (size: number): string =>
  machine(size, (tags) => `const State = Schema.Literals([${tags.map(quote).join(", ")}])`, quote, "")

/** The same machine over records with a payload each. */
export const records = (size: number): string =>
  machine(
    size,
    (tags) => `const State = Schema.TaggedUnion({
${tags.map((tag) => `  ${tag}: { count: Schema.Number, by: Schema.String }`).join(",\n")}
})
type Payload = { readonly count: number; readonly by: string }`,
    (tag) => `{ _tag: ${quote(tag)}, count: state.count + 1, by: state.by }`,
    "state"
  )

/** The expression that gives the state with a tag. */
type Value = (tag: string) => string

const machine = (
  size: number,
  schema: (tags: ReadonlyArray<string>) => string,
  value: Value,
  parameter: string
): string => {
  const tags = Array.from({ length: size }, (_, index) => `S${index}`)
  return `${imports}${services}
${schema([...tags, "Done"])}

export const machine = Workflow.make("machine", State, {
  initial: "S0",
  exits: ["Done"],
  states: {
${tags.map((tag, index) => `    ${tag}: ${stateAt(tags, index, value, parameter)}`).join(",\n")}
  }
})

export const run = Workflow.run(machine${parameter === "" ? "" : `, { _tag: "S0", count: 0, by: "" }`})
`
}

/** Goes to the next state, to one further on, or to the exit: each can be reached, and can reach the exit. */
const stateAt = (tags: ReadonlyArray<string>, index: number, value: Value, parameter: string): string => {
  const edges = [tags[(index + 1) % tags.length]!, tags[(index + 7) % tags.length]!, "Done"]
  const [first, second, exit] = edges.map(value)
  const style = styles[index % styles.length]!
  return style({
    edges,
    to: `to: [${edges.map(quote).join(", ")}]`,
    first: first!,
    choice: (subject) => `${subject} > 2 ? ${first} : ${subject} > 1 ? ${second} : ${exit}`,
    parameter,
    annotated: parameter === "" ? "" : `${parameter}: Payload`
  })
}

interface Parts {
  readonly edges: ReadonlyArray<string>
  readonly to: string
  /** The value of the first edge. */
  readonly first: string
  /** Chooses one of the edges by a number. */
  readonly choice: (subject: string) => string
  /** The parameter that handlers take, if any. */
  readonly parameter: string
  readonly annotated: string
}

const styles: ReadonlyArray<(parts: Parts) => string> = [
  ({ choice, parameter, to }) => `{ ${to}, run: (${parameter}) => (${choice("count")}) }`,
  ({ choice, edges, first, parameter, to }) => `{
      ${to},
      catch: { Declined: ${parameter === "" ? quote(edges[0]!) : `(_error: Declined, ${parameter}) => (${first})`} },
      run: function* (${parameter}) {
        const answer = yield* call
        return ${choice("answer")}
      }
    }`,
  ({ choice, edges, first, annotated, parameter, to }) => `{
      ${to},
      catch: { Unavailable: ${parameter === "" ? quote(edges[0]!) : `(_error: Unavailable, ${parameter}) => (${first})`} },
      run: Task.make({
        name: "task",
        retry: Retry.fixed(3, "1 second"),
        run: (${annotated}) => (count > 9 ? Effect.fail(new Unavailable()) : Effect.succeed(${choice("count")}))
      })
    }`,
  ({ annotated, choice, to }) => `{
      ${to},
      run: Node.make({
        prep: Store.get(Count),
        exec: (loaded) => Effect.map(call, (answer) => answer + loaded),
        post: (answer${annotated === "" ? "" : `, ${annotated}`}) => (${choice("answer")}),
        retry: Retry.exponential(2)
      })
    }`
]

const quote = (tag: string) => JSON.stringify(tag)
