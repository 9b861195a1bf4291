"""Coefficients of the kernel's functions: minimax fits (Remez exchange at 60 digits), their own error below 1e-17."""

from __future__ import annotations

LN2_HIGH = 0.693147180559663  # 42 bits, so a whole number of up to 11 bits times it is exact
LN2_LOW = 2.8235290563031577e-13
INVERSE_LN2 = 1.4426950408889634
ROUND_TO_WHOLE = 6755399441055744.0  # 1.5 * 2**52: adding it leaves the nearest whole number in the low bits

# (exp(r) - 1 - r) / r**2 for |r| <= ln(2)/2
EXP_TAIL = (
    0.5000000000000008,
    0.16666666666666438,
    0.041666666666554886,
    0.00833333333348746,
    0.0013888888937842003,
    0.00019841269507880451,
    2.4801498550416054e-05,
    2.755759423234307e-06,
    2.7628455796718346e-07,
    2.4995406666229205e-08,
)
# The same for |r| <= ln(2)/32, where the terms of the series serve: the next one is below 2e-18
SHORT_EXP_TAIL = (1.0 / 2.0, 1.0 / 6.0, 1.0 / 24.0, 1.0 / 120.0, 1.0 / 720.0, 1.0 / 5040.0)
SIXTEENTHS = tuple(2.0 ** (part / 16.0) for part in range(16))
# For the logarithm: sixteen steps of the mantissa from 0.705 on, for each a short number near its
# inverse, so that r = mantissa * inverse - 1 is exact and below 0.04, and minus the logarithm of that in two parts, the
# first with 42 bits.  The step around 1 has the inverse 1, which keeps small logarithms precise.
LOG_START_BITS = 0x3FE6900000000000
LOG_INVERSE = (
    1.375,
    1.3125,
    1.28125,
    1.21875,
    1.1875,
    1.125,
    1.09375,
    1.0625,
    1.03125,
    1.0,
    0.9375,
    0.875,
    0.84375,
    0.796875,
    0.75,
    0.71875,
)
LOG_HIGH = (
    -0.31845373111855224,
    -0.2719337154835557,
    -0.2478361639045943,
    -0.19782574332998593,
    -0.17185025692674571,
    -0.11778303565643,
    -0.08961215868976069,
    -0.06062462181648698,
    -0.03077165866670839,
    0.0,
    0.0645385211375924,
    0.13353139262449076,
    0.16989903679541385,
    0.22705745063535687,
    0.28768207245184385,
    0.33024168687052224,
)
LOG_LOW = (
    1.7625431312172662e-14,
    -8.604306772808733e-14,
    1.3029797173308663e-14,
    6.604544877082384e-14,
    8.649239607212071e-14,
    4.654729747598445e-14,
    7.355770219435029e-14,
    5.213620639136504e-14,
    -4.529814257790929e-14,
    0.0,
    -2.1225608044809997e-14,
    3.1859736349078334e-14,
    -1.6376276414097503e-14,
    -1.078736749871691e-14,
    -6.292357389008195e-14,
    5.4612144489920215e-14,
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
# (a + 3) exp(a**2/2) normal_cdf(-a) in t = 1 - 6/(a + 3), for 0 <= a <= 39
NORMAL_SHIFT = 3.0
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
NORMAL_LOW = (-4.4739366054625295e-17, -4.967340918223496e-17)  # what rounding took from the first two
MANTISSA_MASK = 0x000FFFFFFFFFFFFF
SMALLEST_NORMAL = 2.2250738585072014e-308
TWO_TO_54 = 18014398509481984.0
NORMAL_TAIL_END = 37.0  # exp(-x**2/2)/(x+3) beyond it may be subnormal
NORMAL_EXPONENTS = 700.0  # exp of it and of its negative are normal numbers
BEYOND_EXPONENTS = 1100.0  # exp of it overflows and of its negative underflows, with room to spare
