/**
 * Files through the C library: twice as fast as Deno's own calls, and with `/proc`, which Deno shows only
 * to programs that may do everything.
 */
import type { Library } from "../ffi/library.ts";
import type { Files } from "./files.ts";
import { HostError, type HostErrorCode } from "./host.ts";

/** The C functions, each in its page of section 2 of the manual; errno(3). */
export const LIBC_SIGNATURES = {
  open: { args: ["buffer", "i32"], returns: "i32" },
  read: { args: ["i32", "buffer", "u64"], returns: "u64" },
  write: { args: ["i32", "buffer", "u64"], returns: "u64" },
  mkdir: { args: ["buffer", "u32"], returns: "i32" },
  rmdir: { args: ["buffer"], returns: "i32" },
  close: { args: ["i32"], returns: "i32" },
  readlink: { args: ["buffer", "buffer", "u64"], returns: "u64" },
  getdents64: { args: ["i32", "buffer", "u64"], returns: "u64" },
  // The same under the name older musl has it by; glibc has no function of this name.
  getdents: { args: ["i32", "buffer", "u64"], returns: "u64" },
  __errno_location: { args: [], returns: "u64" },
  // Copies the errno behind that address into a buffer.
  memcpy: { args: ["buffer", "u64", "u64"], returns: "u64" },
} as const;

const O_RDONLY = 0;
const O_WRONLY = 1;
const O_CLOEXEC = 0o2000000;
const EINTR = 4;
const FOLDER_MODE = 0o755;
/** -1 as the unsigned number a `ssize_t` is read as. */
const FAILED = 0xffffffffffffffffn;

const CODES: Readonly<Record<number, HostErrorCode>> = {
  1: "EACCES", // EPERM
  2: "ENOENT",
  3: "ESRCH",
  13: "EACCES",
  20: "ENOENT", // ENOTDIR
};

/** `d_reclen` and `d_name` in a `struct linux_dirent64`. */
const RECLEN_AT = 16;
const NAME_AT = 19;

/**
 * Files of this machine. Folders are listed by `other` where the library can't. Throws
 * {@linkcode HostError} where it lacks another function.
 */
export function libcFiles(libc: Library<typeof LIBC_SIGNATURES>, other: Files): Files {
  const { open, read, write, close, readlink, mkdir, rmdir, __errno_location, memcpy } =
    libc.functions;
  const getdents64 = libc.functions.getdents64 ?? libc.functions.getdents;
  if (
    !open || !read || !write || !close || !readlink || !mkdir || !rmdir || !__errno_location ||
    !memcpy
  ) {
    throw new HostError("ENOENT", libc.path, "the C library lacks a function for reading files");
  }
  const encoder = new TextEncoder();
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  const errnoBytes = new Uint32Array(1);
  let buffer = new Uint8Array(1 << 16);

  const errno = (): number => {
    memcpy(errnoBytes, __errno_location(), 4n);
    return errnoBytes[0]!;
  };
  const fail = (path: string, call: string): never => {
    const number = errno();
    const code = CODES[number] ?? "EIO";
    throw new HostError(
      code,
      path,
      `${call} ${path}: ${code === "EIO" ? `errno ${number}` : code}`,
    );
  };
  const cString = (path: string): Uint8Array => encoder.encode(path + "\0");
  const opened = <T>(path: string, use: (fd: number) => T, mode = O_RDONLY): T => {
    let fd: number;
    do fd = open(cString(path), mode | O_CLOEXEC); while (fd < 0 && errno() === EINTR);
    if (fd < 0) return fail(path, "open");
    try {
      return use(fd);
    } finally {
      close(fd);
    }
  };

  return {
    readText: (path) =>
      opened(path, (fd) => {
        let length = 0;
        for (;;) {
          if (length === buffer.length) {
            const larger = new Uint8Array(buffer.length * 2);
            larger.set(buffer);
            buffer = larger;
          }
          const room = length === 0 ? buffer : buffer.subarray(length);
          const count = read(fd, room, BigInt(room.length));
          if (count === FAILED) {
            if (errno() === EINTR) continue;
            return fail(path, "read");
          }
          if (count === 0n) return decoder.decode(buffer.subarray(0, length));
          length += Number(count);
        }
      }),
    list: getdents64 === null ? other.list : (path) =>
      opened(path, (fd) => {
        const names: string[] = [];
        for (;;) {
          const count = getdents64(fd, buffer, BigInt(buffer.length));
          if (count === FAILED) return fail(path, "getdents64");
          if (count === 0n) return names;
          const end = Number(count);
          for (let at = 0; at < end;) {
            const length = buffer[at + RECLEN_AT]! | (buffer[at + RECLEN_AT + 1]! << 8);
            const nameEnd = buffer.indexOf(0, at + NAME_AT);
            const name = decoder.decode(buffer.subarray(at + NAME_AT, nameEnd));
            if (name !== "." && name !== "..") names.push(name);
            at += length;
          }
        }
      }),
    readLink: (path) => {
      const count = readlink(cString(path), buffer, BigInt(buffer.length));
      if (count === FAILED) return fail(path, "readlink");
      return decoder.decode(buffer.subarray(0, Number(count)));
    },
    writeText: (path, text) =>
      opened(path, (fd) => {
        const bytes = encoder.encode(text);
        if (write(fd, bytes, BigInt(bytes.length)) === FAILED) fail(path, "write");
      }, O_WRONLY),
    makeFolder: (path) => {
      if (mkdir(cString(path), FOLDER_MODE) !== 0) fail(path, "mkdir");
    },
    removeFolder: (path) => {
      if (rmdir(cString(path)) !== 0) fail(path, "rmdir");
    },
  };
}
