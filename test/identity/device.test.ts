import { expect } from "chai";
import { describeDevice } from "../../src/service/identity/device.ts";

const WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)";

describe("the device that a User-Agent header names", () => {
  for (const [userAgent, browser, system] of [
    [`Mozilla/5.0 (Linux; Android 14; Pixel 8) ${WEBKIT} Chrome/130.0.0.0 Mobile Safari/537.36`, "Chrome", "Android"],
    ["Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:132.0) Gecko/20100101 Firefox/132.0", "Firefox", "Windows"],
    [
      "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1",
      "Safari",
      "iOS",
    ],
    [
      `Mozilla/5.0 (Windows NT 10.0; Win64; x64) ${WEBKIT} Chrome/130.0 Safari/537.36 Edg/130.0`,
      "Microsoft Edge",
      "Windows",
    ],
  ]) {
    it(`is ${browser} on ${system}`, () => expect(describeDevice(userAgent ?? "")).to.deep.equal({ browser, system }));
  }

  for (const userAgent of [
    null,
    "",
    "curl/8.5.0",
    "BuyNow.example/1.0",
    "Cheap pills at pills.example",
    "Win-a-Prize/9 (Linux; now)",
    `Mozilla/5.0 (prizes.example) ${WEBKIT} Winner/1.0`,
    "x".repeat(256),
  ]) {
    it(`is none for ${userAgent?.slice(0, 60)}`, () => expect(describeDevice(userAgent)).to.equal(undefined));
  }
});
