import { expect } from "chai";
import { REFUSALS } from "../../src/http/refusals.ts";
import { english } from "../support/english.ts";
import { startFoyer, type TestFoyer } from "../support/foyer.ts";

type Content = Record<string, { schema: { properties: Record<string, unknown>; required: string[] } }>;

type Operation = {
  operationId: string;
  requestBody: { content: Content };
  responses: Record<string, { description: string; content: Content }>;
};

describe("GET /openapi.json", () => {
  let foyer: TestFoyer;
  before(async () => {
    foyer = await startFoyer({ passwordMinLength: 12 });
  });
  after(() => foyer.stop());

  async function operation(path: string): Promise<Operation> {
    const { body } = await foyer.http.get("/openapi.json");
    const [only] = Object.values<Operation>(body.paths[path]);
    return only ?? expect.fail(path);
  }

  it("describes what POST /register takes, with the lengths of a password as they are set", async () => {
    const { requestBody } = await operation("/register");
    const { properties, required } = requestBody.content["application/json"]?.schema ?? {};
    expect(required).to.deep.equal(["email", "password"]);
    expect(properties?.["password"]).to.include({ type: "string", minLength: 12, maxLength: 256 });
  });

  it("describes what POST /register answers", async () => {
    const { responses } = await operation("/register");
    const { properties } = responses[201]?.content["application/json"]?.schema ?? {};
    expect(Object.keys(properties ?? {})).to.deep.equal(["id", "email"]);
    expect(responses[400]?.content).to.have.all.keys("application/problem+json");
  });

  it("describes every procedure at its path, with the status of its success", async () => {
    for (const { name, path, success } of Object.values(foyer.procedures)) {
      const { operationId, responses } = await operation(path);
      expect(operationId).to.equal(name.replace("auth.", ""));
      expect(responses).to.include.keys(String(success.status));
    }
  });

  it("has the status and the title of every refusal that a procedure can give", async () => {
    for (const { path, refusals } of Object.values(foyer.procedures)) {
      const { responses } = await operation(path);
      expect(refusals).to.include("unavailable");
      for (const code of refusals) {
        const { description, content } = responses[REFUSALS[code].status] ?? {};
        expect(description, `${path} ${code}`).to.include(english.text(`refusal.${code}.title`));
        expect(content).to.have.all.keys("application/problem+json");
      }
    }
  });

  it("has the faults of the transport for every procedure", async () => {
    for (const { path } of Object.values(foyer.procedures)) {
      expect((await operation(path)).responses, path).to.include.keys("400", "403", "413", "415", "429");
    }
  });

  it("names in a problem every member that a refusal can have, and every code", async () => {
    const { responses } = await operation("/verify");
    const { properties } = responses[400]?.content["application/problem+json"]?.schema ?? {};
    expect(properties).to.have.all.keys(
      ...["type", "title", "status", "detail", "code", "errors", "triesLeft", "methods", "retryAfterSeconds"],
    );
    for (const code of Object.keys(REFUSALS)) expect(JSON.stringify(properties?.["code"])).to.include(code);
  });
});

describe("GET /docs", () => {
  it("shows each operation, with what to send and what is answered, without a script", async () => {
    const foyer = await startFoyer({ passwordMinLength: 12 });
    const { text } = await foyer.http.get("/docs");
    for (const { path, type, summary, success } of Object.values(foyer.procedures)) {
      expect(text).to.include(summary.replaceAll("'", "&#x27;"));
      expect(text).to.include(`<span>${type === "query" ? "get" : "post"}</span> ${path}<`);
      expect(text).to.include(success.description);
    }
    expect(text).to.include("&quot;minLength&quot;: 12").and.not.include("<script");
    await foyer.stop();
  });
});
