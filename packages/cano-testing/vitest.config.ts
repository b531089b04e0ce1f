import { defineConfig } from "vitest/config"

export default defineConfig({
  test: {
    name: "effect-cano-testing",
    include: ["test/**/*.test.ts"]
  }
})
