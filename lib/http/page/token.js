/** The token that the server asks for: taken from the address or the form, kept for this tab alone. */
import { byId, setShown, setText } from "./dom.js";

const KEY = "hmn-token";
/** What a header can carry. */
const SENDABLE = /^[\x21-\x7e]+$/;

/** Gives `{ current, ask, forget }`; `ask` shows the form until a token is entered. */
export function tokenKeeper() {
  let token = fromAddress() ?? read();
  const form = byId("token");
  const input = byId("token-input");
  const remark = byId("token-remark");
  return {
    current: () => token,
    ask: () => {
      const isWrong = token !== null;
      token = null;
      write(null);
      setText(
        remark,
        isWrong ? "The server did not take this token." : "The server asks for its token.",
      );
      setShown(form, true);
      // Whoever is elsewhere on the page is left there.
      if (document.activeElement === document.body) input.focus();
      return new Promise((resolve) => {
        form.onsubmit = (event) => {
          event.preventDefault();
          const entered = input.value.trim();
          if (!SENDABLE.test(entered)) {
            setText(remark, "A token is made of letters, digits and signs, without spaces.");
            return;
          }
          token = entered;
          write(entered);
          input.value = "";
          setShown(form, false);
          resolve();
        };
      });
    },
  };
}

/** `#token=…`, which then leaves the address, so that nobody copies it along. */
function fromAddress() {
  const given = new URLSearchParams(location.hash.slice(1)).get("token")?.trim();
  if (given === undefined) return null;
  history.replaceState(null, "", location.pathname + location.search);
  if (!SENDABLE.test(given)) return null;
  write(given);
  return given;
}

function read() {
  try {
    return sessionStorage.getItem(KEY);
  } catch {
    // A browser may keep nothing; then the token lasts as long as the page.
    return null;
  }
}

function write(token) {
  try {
    if (token === null) sessionStorage.removeItem(KEY);
    else sessionStorage.setItem(KEY, token);
  } catch {
    // As above.
  }
}
