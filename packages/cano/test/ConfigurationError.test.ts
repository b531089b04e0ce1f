import { assert, it } from "@effect/vitest"
import { ConfigurationError } from "../src/ConfigurationError.ts"

it("a ConfigurationError is a tagged error with its subject and its problems", () => {
  const error = new ConfigurationError({ subject: "A task", problems: ["one", "two"] })
  assert.strictEqual(error._tag, "ConfigurationError")
  assert.strictEqual(error.message, "A task: one; two")
})
