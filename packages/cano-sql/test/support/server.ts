/** Starts the Postgres that all test files of the package share. */
import type { TestProject } from "vitest/node"
import { missing, start } from "effect-cano-postgres"

declare module "vitest" {
  interface ProvidedContext {
    readonly postgres: { readonly url: string } | { readonly missing: string }
  }
}

export default async (project: TestProject): Promise<(() => void) | undefined> => {
  const reason = missing()
  if (reason !== undefined) {
    console.warn(`The tests of effect-cano-sql are skipped: ${reason}`)
    project.provide("postgres", { missing: reason })
    return undefined
  }
  const server = await start()
  project.provide("postgres", { url: server.url })
  return server.stop
}
