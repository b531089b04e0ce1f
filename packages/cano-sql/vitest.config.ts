import { defineConfig } from "vitest/config"

export default defineConfig({
  test: {
    name: "effect-cano-sql",
    include: ["test/**/*.test.ts"],
    globalSetup: ["test/support/server.ts"]
  }
})
