"""Coefficients of the kernel's functions: minimax fits (Remez exchange at 60 digits), their own error below 1e-17."""

from __future__ import annotations

from struct import pack, unpack

LN2_HIGH = 0.693147180559663  # 42 bits, so a whole number of up to 11 bits times it is exact
LN2_LOW = 2.8235290563031577e-13
INVERSE_LN2 = 1.4426950408889634
ROUND_TO_WHOLE = 6755399441055744.0  # 1.5 * 2**52: adding it leaves the nearest whole number in the low bits

# (exp(r) - 1 - r) / r**2 for |r| <= ln(2)/32, where the terms of the series serve: the next one is below 2e-18
EXP_TAIL = (1.0 / 2.0, 1.0 / 6.0, 1.0 / 24.0, 1.0 / 120.0, 1.0 / 720.0, 1.0 / 5040.0)
SIXTEENTHS = tuple(2.0 ** (part / 16.0) for part in range(16))


def _less_part(part: int, value: float) -> float:
    whole = int.from_bytes(pack("<d", value), "little") - (part << 48)
    return float(unpack("<d", whole.to_bytes(8, "little"))[0])


# The same with a number of sixteenths taken from the bits, so that adding that number and 16 n, shifted by 48, to the
# bits gives the power with its whole exponent n
SIXTEENTHS_LESS_PART = tuple(_less_part(part, value) for part, value in enumerate(SIXTEENTHS))
# For the logarithm: sixteen steps of the mantissa from 0.705 on, for each a number near its inverse, so that
# r = mantissa * inverse - 1 is below 0.04, and minus the logarithm of that: a multiple of 2**-42 and what is missing.
# The inverses were searched so that this is below 2**-65, which a logarithm need not know, only a large power.
# The step around 1 has the inverse 1, which keeps small logarithms precise.
LOG_START_BITS = 0x3FE6900000000000
LOG_INVERSE = (
    1.3747030549359283,
    1.3124932144435968,
    1.281009135430929,
    1.2187496110647733,
    1.1876841485865368,
    1.1251569636051224,
    1.0937410056173829,
    1.0626448504506523,
    1.0312436391450341,
    1.0,
    0.9375203208809914,
    0.8751050268836679,
    0.843727198920672,
    0.7970554900698333,
    0.7499858794235864,
    0.7188326812471199,
)
LOG_HIGH = (
    -0.3182377477492082,
    -0.27192854552254175,
    -0.24764815437310972,
    -0.1978254242035291,
    -0.17200531739808866,
    -0.11792254912847966,
    -0.08960393522033883,
    -0.060760942360275294,
    -0.030765490545945795,
    0.0,
    0.06451684576609296,
    0.13341136910344176,
    0.16992606066196458,
    0.2268309789394607,
    0.28770090006423743,
    0.3301266587079681,
)
LOG_LOW = (
    3.687971218083846e-23,
    3.1071142899177294e-21,
    1.48836504291874e-20,
    4.264359057028767e-21,
    7.939601324475867e-21,
    -1.2517548271091915e-21,
    -1.5133732279108272e-20,
    -1.59001724144982e-20,
    3.8559406475766116e-21,
    0.0,
    9.190875414758725e-21,
    -4.070686798060231e-21,
    1.6083158046035654e-20,
    -8.275171970591197e-21,
    1.6416561576567102e-20,
    6.6729479821953225e-21,
)
# -2 (log(1 + r) - r + r**2/2) / r**3
LOG_TAIL = (
    -0.6666666666666667,
    0.4999999999998938,
    -0.3999999999996122,
    0.33333333388846187,
    -0.28571428682440514,
    0.24999904082626948,
    -0.2222208633859153,
    0.20067476072593177,
    -0.18256863022457523,
)
# (a + 6) exp(a**2/2) normal_cdf(-a) in t = (2.5 a - 6) / (a + 6), for 0 <= a <= 8
NORMAL_CENTRE_END = 8.0
NORMAL_CENTRE_SHIFT = 6.0
NORMAL_CENTRE_TOP = (2.5, -6.0)
NORMAL_CENTRE = (
    1.2266784126276986,
    -0.8771408375691946,
    0.5113542865601013,
    -0.24589688550184333,
    0.09756335653015781,
    -0.03157471643352519,
    0.008093781208072217,
    -0.0015334316704575625,
    0.00017295862486357976,
    3.0860187832878928e-06,
    -5.04375047340457e-06,
    6.341166898260174e-07,
    7.198742055986039e-08,
    -2.632483267222578e-08,
    -2.7454586163694557e-10,
    8.771375365582412e-10,
    -2.7764378441932742e-11,
    -2.5782839021711812e-11,
    1.4441062899917932e-12,
)
# (a + 3) exp(a**2/2) normal_cdf(-a) in t = (a - 3) / (a + 3), for 0 <= a <= 39
NORMAL_TAIL_SHIFT = 3.0
NORMAL_TAIL_TOP = (1.0, -3.0)
NORMAL_TAIL = (
    0.729083690133373,
    -0.5093319819174895,
    0.23001771997460355,
    -0.04726302514296109,
    -0.010462867023303252,
    0.006972621240120932,
    0.0010275922589393926,
    -0.0010458286172073828,
    -0.0002565753446378722,
    0.00015439441123014558,
    7.881266627359886e-05,
    -1.3245692539354191e-05,
    -2.068917214110068e-05,
    -3.519162619901726e-06,
    3.6404415774345464e-06,
    2.2604827704866244e-06,
    6.367234363808114e-09,
    -6.000279991848924e-07,
    -2.6985343382756957e-07,
    5.020697642283627e-08,
    9.139147193036788e-08,
    1.9963347758635927e-08,
    -1.115978966260799e-08,
    -5.544997369766094e-09,
    -4.815356369285977e-10,
)
MANTISSA_MASK = 0x000FFFFFFFFFFFFF
SMALLEST_NORMAL = 2.2250738585072014e-308
TWO_TO_54 = 18014398509481984.0
NORMAL_EXPONENTS = 700.0  # exp of it and of its negative are normal numbers
BEYOND_EXPONENTS = 1100.0  # exp of it overflows and of its negative underflows, with room to spare
LARGEST_SHORT_POWER = 16.0  # up to it a rounding error of 2**-58 in a logarithm is less than half a unit of the power
