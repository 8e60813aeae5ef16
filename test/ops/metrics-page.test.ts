import { expect } from "chai";
import { startFoyer } from "../support/foyer.ts";

describe("GET /metrics", () => {
  it("tells of hashes, calls and requests", async () => {
    const foyer = await startFoyer();
    await foyer.register("alice@example.com");
    await foyer.register("alice@example.com");
    await foyer.http.post("/register").send({});
    await foyer.http.get("/unknown/path");
    const { text, type } = await foyer.http.get("/metrics");
    expect(type).to.equal("text/plain");
    for (const line of [
      "foyer_hash_duration_seconds_count 2",
      "foyer_hash_queue_length 0",
      'foyer_procedure_calls_total{procedure="auth.register",outcome="ok"} 1',
      'foyer_procedure_calls_total{procedure="auth.register",outcome="email_taken"} 1',
      'foyer_procedure_calls_total{procedure="auth.register",outcome="invalid_input"} 1',
      'http_request_duration_seconds_count{method="POST",route="/register",status="400"} 2',
      'http_request_duration_seconds_count{method="GET",route="(none)",status="404"} 1',
    ]) {
      expect(text).to.include(line);
    }
    expect(text).to.include("process_cpu_seconds_total").and.include("nodejs_eventloop_lag_seconds");
    await foyer.stop();
  });

  it("answers 404 where the metrics have a port of their own", async () => {
    const foyer = await startFoyer({ metricsPort: 0 });
    expect((await foyer.http.get("/metrics")).status).to.equal(404);
    await foyer.stop();
  });
});
