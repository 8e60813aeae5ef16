import { expect } from "chai";
import { parseEmailAddress } from "../../src/service/identity/email-address.ts";

function mailboxOf(typed: string) {
  const parsed = parseEmailAddress(typed);
  return parsed.ok ? parsed.value.mailbox : expect.fail(`${typed} was refused`);
}

describe("the mailbox of an address", () => {
  for (const [typed, mailbox] of [
    ["Victim@Example.com", "victim@example.com"],
    ["victim+1@example.com", "victim@example.com"],
    ["victim+1+2@example.com", "victim@example.com"],
    ["ｖｉｃｔｉｍ＋1@bücher.de", "victim@xn--bcher-kva.de"],
    ["+1@example.com", "+1@example.com"],
    ["vic.tim-1_@example.com", "vic.tim-1_@example.com"],
    ["v.i.c.tim+1@gmail.com", "victim@gmail.com"],
    ["vic.tim@GoogleMail.com", "victim@gmail.com"],
    ["vic-tim@gmail.com", "vic-tim@gmail.com"],
    ["v.ic_tim-@pm.me", "victim@proton.me"],
    ["vic-tim@ya.ru", "victim@yandex.ru"],
    ["vic.tim@yandex.com", "victim@yandex.ru"],
    ["vic.tim+a@me.com", "vic.tim@icloud.com"],
    ["vic.tim@mail.gmail.com", "vic.tim@mail.gmail.com"],
  ] as const) {
    it(`is ${mailbox} for ${typed}`, () => expect(mailboxOf(typed)).to.equal(mailbox));
  }
});
