import { expect } from "chai";
import { startFoyer, type TestFoyer } from "../support/foyer.ts";

describe("the OpenAPI document", () => {
  let foyer: TestFoyer;
  before(async () => {
    foyer = await startFoyer({ passwordMinLength: 12 });
  });
  after(() => foyer.stop());

  it("tells of the service as it is set", async () => {
    const { body } = await foyer.http.get("/openapi.json");
    const { post } = body.paths["/register"];
    const { properties, required } = post.requestBody.content["application/json"].schema;
    expect(required).to.deep.equal(["email", "password"]);
    expect(properties.password).to.include({ type: "string", minLength: 12, maxLength: 256 });
    expect(Object.keys(post.responses[201].content["application/json"].schema.properties)).to.deep.equal(["id", "email"]);
    expect(post.responses[400].content).to.have.all.keys("application/problem+json");
  });

  it("has a page to read it", async () => {
    expect((await foyer.http.get("/docs")).text).to.include("/assets/swagger-ui.js");
  });
});
