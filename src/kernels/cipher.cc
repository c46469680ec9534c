// AES and positions in bitmaps.
#include <openssl/evp.h>
#include <openssl/rand.h>

#include <array>
#include <memory>

#include "base/error.h"
#include "kernels/elementwise.h"
#include "kernels/kernels.h"

namespace firn::kernels {
namespace {

using Columns = std::span<const ColumnView>;
using Text = std::string_view;

struct CipherRow {
  Text mode;
  Text padding;
  size_t vector;  // bytes of the initialisation vector, written before the text
  size_t tag;     // bytes of the tag behind it
  std::array<const EVP_CIPHER* (*)(), 3> ciphers;  // for keys of 16, 24 and 32 bytes
};
constexpr CipherRow kCiphers[] = {
    {"ECB", "PKCS", 0, 0, {EVP_aes_128_ecb, EVP_aes_192_ecb, EVP_aes_256_ecb}},
    {"CBC", "PKCS", 16, 0, {EVP_aes_128_cbc, EVP_aes_192_cbc, EVP_aes_256_cbc}},
    {"GCM", "NONE", 12, 16, {EVP_aes_128_gcm, EVP_aes_192_gcm, EVP_aes_256_gcm}},
};

struct AesCall {
  Text input, key, mode, padding, vector, extra;
  Text function;
};

std::string upper_name(Text text) {
  std::string result(text);
  for (char& c : result)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 32);
  return result;
}

const CipherRow& cipher_of(const AesCall& call) {
  const std::string mode = upper_name(call.mode), padding = upper_name(call.padding);
  for (const CipherRow& row : kCiphers)
    if (row.mode == mode && (padding == "DEFAULT" || padding == row.padding)) return row;
  throw Error("UNSUPPORTED_FEATURE.AES_MODE",
              {{"mode", std::string(call.mode)},
               {"padding", std::string(call.padding)},
               {"functionName", "`" + std::string(call.function) + "`"}});
}
// Additional data goes with GCM alone; OpenSSL has no place for it in the other modes.
void check_extra(const CipherRow& row, const AesCall& call) {
  if (call.extra.empty() || row.tag > 0) return;
  throw Error(
      "UNSUPPORTED_FEATURE.AES_MODE_AAD",
      {{"mode", std::string(row.mode)}, {"functionName", "`" + std::string(call.function) + "`"}});
}
const EVP_CIPHER* keyed(const CipherRow& row, const AesCall& call) {
  for (const size_t i : {0, 1, 2})
    if (call.key.size() == 16 + 8 * i) return row.ciphers[i]();
  throw Error("INVALID_PARAMETER_VALUE.AES_KEY_LENGTH",
              {{"parameter", "`key`"},
               {"functionName", "`" + std::string(call.function) + "`"},
               {"actualLength", std::to_string(call.key.size())}});
}

const unsigned char* bytes(Text text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}
[[noreturn]] void throw_crypto(const AesCall& call, const char* what) {
  throw Error("INVALID_PARAMETER_VALUE.AES_CRYPTO_ERROR",
              {{"parameter", "`expr`, `key`"},
               {"functionName", "`" + std::string(call.function) + "`"},
               {"detailMessage", what}});
}
void check(const AesCall& call, bool done, const char* what) {
  if (!done) throw_crypto(call, what);
}

using Context = std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)>;

std::string encrypt(const AesCall& call) {
  const CipherRow& row = cipher_of(call);
  const EVP_CIPHER* cipher = keyed(row, call);
  check_extra(row, call);
  if (!call.vector.empty() && row.vector == 0)
    throw Error("UNSUPPORTED_FEATURE.AES_MODE_IV",
                {{"mode", std::string(row.mode)}, {"functionName", "`aes_encrypt`"}});
  if (!call.vector.empty() && call.vector.size() != row.vector)
    throw Error("INVALID_PARAMETER_VALUE.AES_IV_LENGTH",
                {{"mode", std::string(call.mode)},
                 {"parameter", "`iv`"},
                 {"functionName", "`aes_encrypt`"},
                 {"actualLength", std::to_string(call.vector.size())}});
  std::string vector(call.vector);
  if (vector.empty()) {
    vector.resize(row.vector);
    RAND_bytes(reinterpret_cast<unsigned char*>(vector.data()), static_cast<int>(row.vector));
  }
  const Context context(EVP_CIPHER_CTX_new(), EVP_CIPHER_CTX_free);
  std::string result(call.input.size() + 32, '\0');
  auto* out = reinterpret_cast<unsigned char*>(result.data());
  int size = 0, rest = 0, none = 0;
  check(call,
        EVP_EncryptInit_ex(context.get(), cipher, nullptr, bytes(call.key), bytes(vector)) == 1,
        "The cipher cannot be set up.");
  if (!call.extra.empty())
    EVP_EncryptUpdate(context.get(), nullptr, &none, bytes(call.extra),
                      static_cast<int>(call.extra.size()));
  check(call,
        EVP_EncryptUpdate(context.get(), out, &size, bytes(call.input),
                          static_cast<int>(call.input.size())) == 1 &&
            EVP_EncryptFinal_ex(context.get(), out + size, &rest) == 1,
        "The text cannot be encrypted.");
  result.resize(static_cast<size_t>(size + rest));
  if (row.tag > 0) {
    std::string tag(row.tag, '\0');
    EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_GET_TAG, static_cast<int>(row.tag), tag.data());
    result += tag;
  }
  return vector + result;
}

std::string decrypt(const AesCall& call) {
  const CipherRow& row = cipher_of(call);
  const EVP_CIPHER* cipher = keyed(row, call);
  check_extra(row, call);
  check(call, call.input.size() >= row.vector + row.tag, "The input is too short.");
  const Text vector = call.input.substr(0, row.vector);
  const Text text = call.input.substr(row.vector, call.input.size() - row.vector - row.tag);
  const Text tag = call.input.substr(call.input.size() - row.tag);
  const Context context(EVP_CIPHER_CTX_new(), EVP_CIPHER_CTX_free);
  std::string result(text.size() + 32, '\0');
  auto* out = reinterpret_cast<unsigned char*>(result.data());
  int size = 0, rest = 0, none = 0;
  check(call,
        EVP_DecryptInit_ex(context.get(), cipher, nullptr, bytes(call.key), bytes(vector)) == 1,
        "The cipher cannot be set up.");
  if (!call.extra.empty())
    EVP_DecryptUpdate(context.get(), nullptr, &none, bytes(call.extra),
                      static_cast<int>(call.extra.size()));
  if (row.tag > 0)
    EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_SET_TAG, static_cast<int>(row.tag),
                        const_cast<char*>(tag.data()));
  check(call,
        EVP_DecryptUpdate(context.get(), out, &size, bytes(text), static_cast<int>(text.size())) ==
                1 &&
            EVP_DecryptFinal_ex(context.get(), out + size, &rest) == 1,
        "The text does not fit the key.");
  result.resize(static_cast<size_t>(size + rest));
  return result;
}

template <bool encrypts>
void aes(const CallInfo& info, Scratch&, Columns in, uint64_t rows, Output& out) {
  for (uint64_t row = 0; row < rows; ++row) {
    if (!all_valid(in, row)) {
      out.set_null(row);
      continue;
    }
    const auto part = [&](size_t i, Text otherwise) {
      return in.size() > i ? in[i].values<StringRef>()[row].view() : otherwise;
    };
    AesCall call{part(0, ""),
                 part(1, ""),
                 part(2, "GCM"),
                 part(3, "DEFAULT"),
                 "",
                 "",
                 encrypts ? "aes_encrypt" : "aes_decrypt"};
    if (encrypts) call.vector = part(4, ""), call.extra = part(5, "");
    if (!encrypts) call.extra = part(4, "");
    try {
      out.set_string(row, encrypts ? encrypt(call) : decrypt(call));
    } catch (const Error&) {
      if (info.mode != Mode::kTry) throw;
      out.set_null(row);
    }
  }
}

// ---- Bitmaps of 32,768 bits
constexpr int64_t kBits = 8 * 4096;
void bitmap_bucket_number(const CallInfo&, Scratch&, Columns in, uint64_t rows, Output& out) {
  map_rows<int64_t>(in, rows, out, [](int64_t value) -> int64_t {
    return value > 0 ? 1 + (value - 1) / kBits : value / kBits;
  });
}
void bitmap_bit_position(const CallInfo&, Scratch&, Columns in, uint64_t rows, Output& out) {
  map_rows<int64_t>(in, rows, out, [](int64_t value) -> int64_t {
    return value > 0 ? (value - 1) % kBits : (-value) % kBits;
  });
}
void bitmap_count(const CallInfo&, Scratch&, Columns in, uint64_t rows, Output& out) {
  map_rows<Text>(in, rows, out, [](Text bits) {
    int64_t count = 0;
    for (const char c : bits) count += __builtin_popcount(static_cast<unsigned char>(c));
    return count;
  });
}

constexpr KernelRow kRowsOfCipher[] = {
    {"aes_encrypt", aes<true>, kNullOnNull | kFallible | kNotConstant},
    {"aes_decrypt", aes<false>, kNullOnNull | kFallible},
    {"bitmap_bucket_number", bitmap_bucket_number, kNullOnNull},
    {"bitmap_bit_position", bitmap_bit_position, kNullOnNull},
    {"bitmap_count", bitmap_count, kNullOnNull},
};

}  // namespace

std::span<const KernelRow> cipher_kernels() { return kRowsOfCipher; }

}  // namespace firn::kernels
