// iata, icao, country, latitude, longitude, name
const ROWS = `
ATL KATL US 33.64 -84.43 Hartsfield-Jackson Atlanta International Airport
ORD KORD US 41.98 -87.9 Chicago O'Hare International Airport
DFW KDFW US 32.9 -97.04 Dallas Fort Worth International Airport
DEN KDEN US 39.86 -104.67 Denver International Airport
LAX KLAX US 33.94 -118.41 Los Angeles International Airport
SFO KSFO US 37.62 -122.38 San Francisco International Airport
SEA KSEA US 47.45 -122.31 Seattle-Tacoma International Airport
JFK KJFK US 40.64 -73.78 John F. Kennedy International Airport
MIA KMIA US 25.79 -80.29 Miami International Airport
BOS KBOS US 42.36 -71.01 Boston Logan International Airport
PHX KPHX US 33.43 -112.01 Phoenix Sky Harbor International Airport
MSP KMSP US 44.88 -93.22 Minneapolis-Saint Paul International Airport
HNL PHNL US 21.32 -157.92 Daniel K. Inouye International Airport
YYZ CYYZ CA 43.68 -79.63 Toronto Pearson International Airport
YVR CYVR CA 49.19 -123.18 Vancouver International Airport
MEX MMMX MX 19.44 -99.07 Mexico City International Airport
BOG SKBO CO 4.7 -74.15 El Dorado International Airport
GRU SBGR BR -23.43 -46.47 São Paulo-Guarulhos International Airport
GIG SBGL BR -22.81 -43.25 Rio de Janeiro-Galeão International Airport
BSB SBBR BR -15.87 -47.92 Brasília International Airport
SCL SCEL CL -33.39 -70.79 Santiago International Airport
EZE SAEZ AR -34.82 -58.54 Ministro Pistarini International Airport
LIM SPJC PE -12.02 -77.11 Jorge Chávez International Airport
LHR EGLL GB 51.47 -0.46 London Heathrow Airport
MAN EGCC GB 53.35 -2.27 Manchester Airport
EDI EGPH GB 55.95 -3.37 Edinburgh Airport
CDG LFPG FR 49.01 2.55 Paris Charles de Gaulle Airport
NCE LFMN FR 43.66 7.22 Nice Côte d'Azur Airport
TLS LFBO FR 43.63 1.37 Toulouse-Blagnac Airport
AMS EHAM NL 52.31 4.76 Amsterdam Airport Schiphol
FRA EDDF DE 50.03 8.57 Frankfurt Airport
MUC EDDM DE 48.35 11.79 Munich Airport
BER EDDB DE 52.36 13.5 Berlin Brandenburg Airport
ZRH LSZH CH 47.46 8.55 Zurich Airport
VIE LOWW AT 48.11 16.57 Vienna International Airport
MAD LEMD ES 40.47 -3.56 Adolfo Suárez Madrid-Barajas Airport
BCN LEBL ES 41.3 2.08 Josep Tarradellas Barcelona-El Prat Airport
LIS LPPT PT 38.77 -9.13 Humberto Delgado Airport
FCO LIRF IT 41.8 12.25 Rome Fiumicino Airport
MXP LIMC IT 45.63 8.72 Milan Malpensa Airport
ATH LGAV GR 37.94 23.94 Athens International Airport
IST LTFM TR 41.26 28.74 Istanbul Airport
AYT LTAI TR 36.9 30.8 Antalya Airport
WAW EPWA PL 52.17 20.97 Warsaw Chopin Airport
ARN ESSA SE 59.65 17.92 Stockholm Arlanda Airport
OSL ENGM NO 60.19 11.1 Oslo Gardermoen Airport
HEL EFHK FI 60.32 24.96 Helsinki-Vantaa Airport
KEF BIKF IS 63.99 -22.61 Keflavík International Airport
CAI HECA EG 30.12 31.41 Cairo International Airport
CMN GMMN MA 33.37 -7.59 Mohammed V International Airport
LOS DNMM NG 6.58 3.32 Murtala Muhammed International Airport
ADD HAAB ET 8.98 38.8 Addis Ababa Bole International Airport
NBO HKJK KE -1.32 36.93 Jomo Kenyatta International Airport
JNB FAOR ZA -26.14 28.25 O. R. Tambo International Airport
CPT FACT ZA -33.96 18.6 Cape Town International Airport
DXB OMDB AE 25.25 55.36 Dubai International Airport
DOH OTHH QA 25.27 51.61 Hamad International Airport
RUH OERK SA 24.96 46.7 King Khalid International Airport
JED OEJN SA 21.68 39.16 King Abdulaziz International Airport
DEL VIDP IN 28.57 77.1 Indira Gandhi International Airport
BOM VABB IN 19.09 72.87 Chhatrapati Shivaji Maharaj International Airport
BLR VOBL IN 13.2 77.71 Kempegowda International Airport
BKK VTBS TH 13.68 100.75 Suvarnabhumi Airport
SIN WSSS SG 1.36 103.99 Singapore Changi Airport
KUL WMKK MY 2.75 101.71 Kuala Lumpur International Airport
CGK WIII ID -6.13 106.66 Soekarno-Hatta International Airport
DPS WADD ID -8.75 115.17 Ngurah Rai International Airport
MNL RPLL PH 14.51 121.02 Ninoy Aquino International Airport
HKG VHHH HK 22.31 113.91 Hong Kong International Airport
CAN ZGGG CN 23.39 113.3 Guangzhou Baiyun International Airport
PVG ZSPD CN 31.14 121.81 Shanghai Pudong International Airport
PEK ZBAA CN 40.08 116.58 Beijing Capital International Airport
CTU ZUUU CN 30.58 103.95 Chengdu Shuangliu International Airport
ICN RKSI KR 37.46 126.44 Incheon International Airport
HND RJTT JP 35.55 139.78 Tokyo Haneda Airport
CTS RJCC JP 42.77 141.69 New Chitose Airport
FUK RJFF JP 33.59 130.45 Fukuoka Airport
SYD YSSY AU -33.95 151.18 Sydney Kingsford Smith Airport
MEL YMML AU -37.67 144.84 Melbourne Airport
PER YPPH AU -31.94 115.97 Perth Airport
AKL NZAA NZ -37.01 174.79 Auckland Airport
NAN NFFN FJ -17.76 177.44 Nadi International Airport
`;

export const AIRPORTS = ROWS.trim()
  .split("\n")
  .map((row) => {
    const [iata, icao, country, lat, lon, ...name] = row.split(" ");
    return { iata, icao, country, lat: Number(lat), lon: Number(lon), name: name.join(" ") };
  });
