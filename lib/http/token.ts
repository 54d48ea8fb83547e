/** What a token looks like: it has to fit into a header, and not be guessed at once. */

/** The form, for help and errors. */
export const TOKEN_ACCEPTS = "8 to 512 letters, digits and signs without spaces";
/** Printable ASCII without spaces. */
export const TOKEN_FORM = /^[!-~]{8,512}$/;
