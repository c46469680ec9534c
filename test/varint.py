"""Whole numbers in seven bits a byte, the lowest first, as Avro, Thrift's compact protocol and Protocol Buffers write them."""


def unsigned(number):
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def zigzag(number):
    """Of 64 bits, with a sign."""
    return unsigned((number << 1 ^ number >> 63) & (1 << 64) - 1)
