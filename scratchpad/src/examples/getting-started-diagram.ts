/** Draws the machine of the README's example. */
import { Workflow } from "effect-cano"

console.log = () => {} // for the two orders that the example places
const { order } = await import("./getting-started.ts")

process.stdout.write(Workflow.toMermaid(order))
